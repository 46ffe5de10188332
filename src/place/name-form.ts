import type { Html } from '../platform/html.ts'
import { form, formField } from '../ui/parts/form.ts'
import { longestPlaceName } from './routes.ts'

export const placeNameForm = (name: string): Html =>
  form(
    { action: '/api/v1/place', method: 'put', done: 'Saved' },
    formField({
      label: 'Name of this place',
      name: 'name',
      value: name,
      maxlength: longestPlaceName,
      hint: 'Your club, alliance or company. It stands at the top of every page and in mails.',
    }),
    'Save the name',
  )
