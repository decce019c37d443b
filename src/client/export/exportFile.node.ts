import { open, readFile } from 'node:fs/promises';
import { assertWritable } from '../../crypto/secretFile.node.ts';
import { CarelatticeError, hasCode } from '../../errors.ts';
import { textOfLines, type ExportForm } from './exportText.ts';

/** An export in a file of mode 0600: it is her record in the clear. */

/** Above this many characters an export is written line by line (NDJSON), so that no program must hold it as one text. */
const LARGE = 64 * 1024 * 1024;

const fileExists = (path: string, cause: unknown): CarelatticeError =>
  new CarelatticeError(
    'ExportFileExists',
    'a file lies there already; name another one, or move it away',
    { facts: { path }, cause },
  );

/** Says before anything is asked what `writeExport` would say. @throws `ExportFileExists`, `FolderMissing`, `FolderNotWritable` */
export async function assertExportable(path: string): Promise<void> {
  await assertWritable(path).catch((error: unknown) => {
    throw hasCode(error, 'SecretFileExists') ? fileExists(path, error) : error;
  });
}

/** Writes it; an existing file stays. @returns the form it was written in. @throws `ExportFileExists` */
export async function writeExport(path: string, lines: readonly string[]): Promise<ExportForm> {
  const size = lines.reduce((sum, line) => sum + line.length, 0);
  const form: ExportForm = size > LARGE ? 'ndjson' : 'json';
  const file = await open(path, 'wx', 0o600).catch((cause: unknown) => {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'EEXIST')) throw cause;
    throw fileExists(path, cause);
  });
  try {
    for (const part of textOfLines(lines, form)) await file.write(part);
    await file.sync();
  } finally {
    await file.close();
  }
  return form;
}

/** What `verifyExport` takes: the text, or its lines where they stand alone. @throws `NoExportFile` */
export async function readExport(path: string): Promise<string | readonly string[]> {
  try {
    const file = await open(path);
    try {
      const start = await file.read(Buffer.alloc(1), 0, 1, 0);
      if (start.buffer.toString() === '[') return await readFile(path, 'utf8');
      const lines: string[] = [];
      let rest = '';
      // Line feeds alone end a line: Unicode has other separators, which texts may hold.
      const input = file.createReadStream({ start: 0, autoClose: false, encoding: 'utf8' });
      for await (const chunk of input) {
        const parts = (rest + String(chunk)).split('\n');
        rest = parts.pop() ?? '';
        lines.push(...parts);
      }
      return rest === '' ? lines : [...lines, rest];
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause)) throw cause;
    throw new CarelatticeError('NoExportFile', 'the file cannot be read; name the export', {
      facts: { path },
      cause,
    });
  }
}
