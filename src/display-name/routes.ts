import { t } from 'elysia'
import type { App } from '../context.ts'
import type { Html } from '../platform/html.ts'
import { apiRouter, signedIn } from '../platform/http/access.ts'
import { describe } from '../platform/http/route-docs.ts'
import { form, formField } from '../ui/parts/form.ts'
import { changeDisplayName, dismissSteps, displayName } from './name.ts'

const displayNameSchema = t.Object({ name: t.String() }, { examples: [{ name: 'Northern Alliance' }] })
const maxNameLength = 60

export const displayNameRoutes = (app: App) =>
  apiRouter(app, '/api/v1', 'admin')
    .get('/place', () => ({ name: displayName(app.db) }), {
      may: 'anyone',
      detail: describe('The name of this installation', displayNameSchema),
    })
    .put('/place', ({ body: { name }, who }) => changeDisplayName(app, signedIn(who), name), {
      body: t.Object(
        { name: t.String({ minLength: 1, maxLength: maxNameLength }) },
        { examples: [{ name: 'Northern Alliance' }] },
      ),
      may: 'admin',
      detail: describe('Change the name of this installation, which pages and mails show', displayNameSchema),
    })
    .delete(
      '/place/first-steps',
      async ({ who }) => {
        await dismissSteps(app, signedIn(who))
        return { dismissed: true }
      },
      {
        may: 'admin',
        detail: describe('Hide the first steps from admins', t.Object({ dismissed: t.Boolean() })),
      },
    )

export const displayNameForm = (name: string): Html =>
  form(
    { action: '/api/v1/place', method: 'put', done: 'Saved' },
    formField({
      label: 'Name of this installation',
      name: 'name',
      value: name,
      maxlength: maxNameLength,
      hint: 'Your club, alliance or company. Shown at the top of every page and in mails.',
    }),
    'Save the name',
  )
