/**
 * The form of an upload as it is sent, with its boundary as the blob's type. Made before the clock starts, so that no side pays for
 * how long this client takes to build it.
 */
export async function uploadForm(file: string): Promise<Blob> {
  const form = new FormData()
  form.set('file', Bun.file(file), file.endsWith('xlsx') ? 'scan.xlsx' : 'scan.csv')
  return await new Response(form).blob()
}
