import { t } from 'elysia'
import { atomically } from '../../db/transactions.ts'
import { audit } from '../audit.ts'
import type { App } from '../context.ts'
import { refuse } from '../errors.ts'
import { apiRouter, signedIn } from '../platform/http/access.ts'
import { listRoute, paged } from '../platform/http/pagination.ts'
import { receiveTable, tableBody } from '../platform/http/request-body.ts'
import type { Who } from '../platform/http/request-context.ts'
import { createRoute, describe } from '../platform/http/route-docs.ts'
import { confirmQuery, deletedSchema, idParams } from '../platform/http/shared-schemas.ts'
import { counted } from '../platform/number-text.ts'
import { raiseExpiryAlerts } from './certificate-alerts.ts'
import { importedPersonSchema, importStaffFile, maxListed, staffColumns } from './import-staff.ts'
import { dryRunQuery, importErrorsSchema, importResponses } from './imports.ts'
import { newPerson, normalisePerson, type PersonChange, personChange, personDefaults, personSchema } from './person.ts'
import { addPerson, changePerson, countAssignments, deletePerson, listStaff, personById } from './staff-queries.ts'

const importedSchema = t.Object({
  created: t.Integer(),
  changed: t.Integer(),
  unchanged: t.Integer(),
  people: t.Array(importedPersonSchema, { description: `The first ${maxListed}` }),
})

export const staffRoutes = (app: App) => {
  const { db, clock, bulkWriter } = app
  async function change(id: number, given: PersonChange, who: Who) {
    const tidy = normalisePerson(given)
    const at = clock.now()
    await atomically(db, tx => {
      changePerson(tx, personById(tx, id), tidy)
      raiseExpiryAlerts(tx, at, id)
      audit(tx, { at, who, action: 'staff.change', target: `staff ${id}`, detail: tidy })
    })
    return personById(db, id)
  }

  return apiRouter(app, '/api/v1/roster/staff', 'rosters')
    .get('/', ({ query, request }) => paged(query, request, page => listStaff(db, query, page)), {
      may: 'officer',
      ...listRoute('Staff by name', 'staff', personSchema, {
        q: t.Optional(t.String({ maxLength: 80, description: 'Part of the name' })),
        skill: t.Optional(t.String({ maxLength: 60 })),
        active: t.Optional(t.Boolean()),
      }),
    })
    .post(
      '/',
      async ({ body, who, set }) => {
        const tidy = { ...normalisePerson(body), name: body.name.trim() }
        const at = clock.now()
        const id = await atomically(db, tx => {
          const created = addPerson(tx, tidy, at)
          raiseExpiryAlerts(tx, at, created)
          audit(tx, { at, who: signedIn(who), action: 'staff.create', target: `staff ${created}`, detail: tidy })
          return created
        })
        set.headers.location = `/api/v1/roster/staff/${id}`
        return personById(db, id)
      },
      { body: newPerson, may: 'officer', ...createRoute('Add a person', personSchema) },
    )
    .post(
      '/import',
      async ({ request, query: { dry_run }, who, set }) => {
        const bytes = await receiveTable(request)
        const asked = { bytes, isTrial: dry_run ?? false, who: signedIn(who) }
        const { mistakes, ...summary } = await bulkWriter.write(importStaffFile, asked)
        if (dry_run) return { ...summary, ...mistakes }
        set.status = 201
        return summary
      },
      {
        parse: 'none',
        query: dryRunQuery,
        may: 'officer',
        detail: {
          ...importResponses(
            'People from a CSV or XLSX: all rows, or none if any is wrong',
            importedSchema,
            t.Object({ ...importedSchema.properties, ...importErrorsSchema }),
          ),
          description: `Columns: ${staffColumns.join(', ')}. Existing people, matched by id or name, are changed; a missing column or an empty cell leaves values as they are. Commas, semicolons or | separate several values in a cell; where | stands, commas are part of a value: bar | steward, first aid 2026-12-31, 2026-07-01 - 2026-07-14.`,
          requestBody: tableBody('name,skills,max_hours_week\nAnn Weber,bar|first aid,30\n'),
        },
      },
    )
    .guard({ params: idParams })
    .get('/:id', ({ params: { id } }) => personById(db, id), {
      may: 'officer',
      detail: describe('One of the staff', personSchema),
    })
    .patch('/:id', ({ params: { id }, body, who }) => change(id, body, signedIn(who)), {
      body: personChange,
      may: 'officer',
      detail: describe('Change somebody; lists are replaced as a whole, fields that are left out stay', personSchema),
    })
    .put('/:id', ({ params: { id }, body, who }) => change(id, { ...personDefaults, ...body }, signedIn(who)), {
      body: newPerson,
      may: 'officer',
      detail: describe(
        'Replace a person; a field that is left out returns to its default, requests stay',
        personSchema,
      ),
    })
    .delete(
      '/:id',
      async ({ params: { id }, query: { confirm }, who }) => {
        await atomically(db, tx => {
          const { name } = personById(tx, id)
          const assignments = countAssignments(tx, { staffId: id })
          if (assignments && !confirm)
            refuse(
              'conflict',
              `${name} is on ${counted(assignments, 'shift')}, past ones too; send confirm=true, or make them inactive instead`,
              { assignments },
            )
          const at = clock.now()
          deletePerson(tx, id)
          raiseExpiryAlerts(tx, at, id)
          const detail = { name, assignments }
          audit(tx, { at, who: signedIn(who), action: 'staff.delete', target: `staff ${id}`, detail })
        })
        return { deleted: true, id }
      },
      { query: confirmQuery, may: 'officer', detail: describe('Delete somebody and all they were on', deletedSchema) },
    )
}
