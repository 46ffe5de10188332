import { call } from './api.js'

/**
 * Shows the progress of a job in `place`, with a button that cancels it. Resolves with its last status once it has
 * succeeded, throws otherwise.
 */
export function follow(jobId, place) {
  const panel = document.createElement('div')
  panel.className = 'job'
  const text = document.createElement('span')
  text.setAttribute('role', 'status')
  const bar = document.createElement('progress')
  bar.max = 100
  bar.setAttribute('aria-label', 'Progress')
  const cancel = document.createElement('button')
  cancel.type = 'button'
  cancel.className = 'small quiet'
  cancel.textContent = 'Cancel'
  cancel.addEventListener('click', () => call('delete', `/api/v1/jobs/cancel/${jobId}`).catch(() => {}))
  panel.append(text, bar, cancel)
  place.append(panel)

  return new Promise((resolve, reject) => {
    const events = new EventSource(`/api/v1/jobs/${jobId}/events`)
    events.addEventListener('message', ({ data }) => {
      const job = JSON.parse(data)
      const words = [job.stage ?? (job.status === 'PENDING' ? 'waiting' : 'working'), job.status_message]
      text.textContent = words.filter(Boolean).join(': ')
      bar.value = job.progress
      if (job.status === 'PENDING' || job.status === 'PROGRESS') return
      events.close()
      panel.remove()
      if (job.status === 'SUCCESS') resolve(job)
      else reject(new Error(job.status === 'CANCELLED' ? 'It was cancelled' : (job.error ?? 'It failed')))
    })
    events.addEventListener('error', () => {
      if (events.readyState !== EventSource.CLOSED) return // it connects again by itself
      panel.remove()
      reject(new Error('The connection was lost; the job goes on. Load the page again to see how far it is.'))
    })
  })
}
