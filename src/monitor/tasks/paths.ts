/** Where the monitor of tasks stands. */
export const tasksPath = '/admin/task-monitor'
export const jobsPath = `${tasksPath}/jobs`
export const jobPath = (id: string) => `${jobsPath}/${id}`
