import { Elysia, t } from 'elysia'
import { atomically } from '../../db/transactions.ts'
import { audit } from '../audit.ts'
import type { App } from '../context.ts'
import { refuse } from '../errors.ts'
import { access, signedIn } from '../platform/http/access.ts'
import { paged, pageOf, pageQuery, pageSchema } from '../platform/http/pagination.ts'
import type { Who } from '../platform/http/request-context.ts'
import { describe } from '../platform/http/route-docs.ts'
import { confirmQuery, deletedSchema, idParams } from '../platform/http/shared-schemas.ts'
import { tellOfExpiry } from './certificate-alerts.ts'
import { newPerson, type PersonChange, personChange, personSchema, tidyPerson } from './person.ts'
import { addPerson, assignmentsOf, changePerson, deletePerson, listStaff, personById } from './staff-queries.ts'

const blank = {
  skills: [],
  max_hours_week: 40,
  hourly_cents: 0,
  certifications: [],
  unavailable: [],
  preferences: [],
  rules: {},
  active: true,
  account: null,
}

export const staffRoutes = (app: App) => {
  const { db, clock } = app
  async function change(id: number, given: PersonChange, who: Who) {
    const tidy = tidyPerson(given)
    const at = clock.now()
    await atomically(db, tx => {
      changePerson(tx, id, tidy)
      tellOfExpiry(tx, at, id)
      audit(tx, { at, who, action: 'staff.change', target: `staff ${id}`, detail: tidy })
    })
    return personById(db, id)
  }

  return new Elysia({ prefix: '/roster/staff', tags: ['rosters'] })
    .use(access(app))
    .get(
      '/',
      ({ query, request, set }) => {
        const page = pageOf(query)
        const { staff, total } = listStaff(db, query, page)
        return paged({ request, set }, page, total, { staff })
      },
      {
        query: t.Object({
          q: t.Optional(t.String({ maxLength: 80, description: 'Part of the name' })),
          skill: t.Optional(t.String({ maxLength: 60 })),
          active: t.Optional(t.Boolean()),
          ...pageQuery,
        }),
        may: 'officer',
        detail: describe('Staff by name', pageSchema('staff', personSchema)),
      },
    )
    .post(
      '/',
      async ({ body, who, set }) => {
        const tidy = { ...tidyPerson(body), name: body.name.trim() }
        const at = clock.now()
        const id = await atomically(db, tx => {
          const made = addPerson(tx, tidy, at)
          tellOfExpiry(tx, at, made)
          audit(tx, { at, who: signedIn(who), action: 'staff.create', target: `staff ${made}`, detail: tidy })
          return made
        })
        set.status = 201
        set.headers.location = `/api/v1/roster/staff/${id}`
        return personById(db, id)
      },
      { body: newPerson, may: 'officer', detail: describe('Add a person', personSchema, { status: 201 }) },
    )
    .guard({ params: idParams })
    .get('/:id', ({ params: { id } }) => personById(db, id), {
      may: 'officer',
      detail: describe('One of the staff', personSchema),
    })
    .patch('/:id', ({ params: { id }, body, who }) => change(id, body, signedIn(who)), {
      body: personChange,
      may: 'officer',
      detail: describe('Change somebody; lists are replaced whole, what is left out stays', personSchema),
    })
    .put('/:id', ({ params: { id }, body, who }) => change(id, { ...blank, ...body }, signedIn(who)), {
      body: newPerson,
      may: 'officer',
      detail: describe(
        'Say anew all there is to somebody; what is left out is as for somebody new, but for requests, which stay',
        personSchema,
      ),
    })
    .delete(
      '/:id',
      async ({ params: { id }, query: { confirm }, who }) => {
        await atomically(db, tx => {
          const { name } = personById(tx, id)
          const assignments = assignmentsOf(tx, { staffId: id })
          if (assignments && !confirm)
            refuse(
              'conflict',
              `${name} is on ${assignments === 1 ? '1 shift' : `${assignments} shifts`}, past ones too; send confirm=true, or make them inactive instead`,
              { assignments },
            )
          const at = clock.now()
          deletePerson(tx, id)
          tellOfExpiry(tx, at, id)
          const detail = { name, assignments }
          audit(tx, { at, who: signedIn(who), action: 'staff.delete', target: `staff ${id}`, detail })
        })
        return { deleted: true, id }
      },
      { query: confirmQuery, may: 'officer', detail: describe('Delete somebody and all they were on', deletedSchema) },
    )
}
