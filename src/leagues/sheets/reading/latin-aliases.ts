/** Names that Spanish, French and German sheets use for the columns that Fieldhouse knows: only those that mean one column. Also known without their accents. */
import { withoutAccents } from '../../../platform/spreadsheets/text.ts'
import { namesIn } from './known-metrics.ts'

const killsOfTier = (t: number) =>
  ['Asesinatos', 'Éliminations', 'Tötungen'].flatMap(kills => [`T${t} ${kills}`, `${kills} T${t}`])

const accented: [string, string[]][] = [
  [
    'id',
    namesIn(
      'ID jugador, ID de jugador, ID del jugador, ID gobernador, ID de gobernador, ID del gobernador',
      'ID joueur, ID de joueur, ID du joueur, ID gouverneur, ID du gouverneur',
      'Spieler-ID, ID des Spielers, Gouverneur-ID, Statthalter-ID, Mitglieds-ID, Benutzer-ID',
      'Identificador, Identifiant',
    ),
  ],
  [
    'name',
    namesIn(
      'Nombre de jugador, Nombre del jugador, Nombre de gobernador, Nombre del gobernador',
      'Nom du joueur, Nom de joueur, Nom du gouverneur, Spielername, Gouverneursname, Benutzername',
      'Pseudo, Nom, Nombre, Jugador, Gobernador, Joueur, Gouverneur, Spieler, Statthalter',
      'Mitglied, Apodo, Spitzname',
    ),
  ],
  [
    'label:alliance',
    namesIn("Alianza, Nombre de la alianza, Nom de l'alliance, Allianz, Allianzname, Bündnis, Guilde, Gilde"),
  ],
  ['label:team', namesIn('Equipo, Équipe, Mannschaft')],
  ['label:kingdom', namesIn('Reino, ID del reino, Royaume, ID du royaume, Königreich')],
  ['label:server', namesIn('Servidor, Serveur')],
  ['power', namesIn('Poder, Poder total, Puissance, Puissance totale, Macht, Gesamtmacht, Macht gesamt')],
  [
    'kill_points',
    namesIn(
      "Puntos de asesinato, Puntos de asesinatos, Points d'élimination, Points d'éliminations, Points de kill",
      'Points de kills, Tötungspunkte, Killpunkte',
    ),
  ],
  [
    'deads',
    namesIn(
      'Muertos, Tropas muertas, Muertes, Morts, Troupes mortes',
      'Tote, Gefallene, Tote Truppen, Gefallene Truppen, Tode',
    ),
  ],
  ...[1, 2, 3, 4, 5].map((t): [string, string[]] => [`kills_t${t}`, killsOfTier(t)]),
  [
    'total_kills',
    namesIn(
      'Asesinatos totales, Total de asesinatos, Asesinatos, Éliminations totales, Total des éliminations',
      'Éliminations, Tötungen gesamt, Tötungen',
    ),
  ],
  [
    'rss_gathered',
    namesIn(
      'Recursos recolectados, Recursos recogidos, Ressources récoltées, Ressources collectées',
      'Gesammelte Ressourcen, Ressourcen gesammelt',
    ),
  ],
  ['rss_assistance', namesIn('Recursos enviados, Ressources envoyées, Gesendete Ressourcen, Ressourcen gesendet')],
  ['helps', namesIn("Ayudas, Ayudas de alianza, Aides, Aides d'alliance, Hilfen, Allianzhilfen")],
]

/** `Tötungen` as `Toetungen`. */
const withDigraphs = (text: string): string => text.replace(/[äöü]/gi, letter => `${withoutAccents(letter)}e`)

export const latinAliases = new Map(
  accented.map(([to, names]) => [to, names.flatMap(each => [each, withoutAccents(each), withDigraphs(each)])]),
)
