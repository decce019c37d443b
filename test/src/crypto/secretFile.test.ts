import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createSecretFile, replaceSecretFile } from '../../../src/crypto/secretFile.node.ts';

const SOURCE = new URL('../../../src/crypto/secretFile.node.ts', import.meta.url).href;

/** Writes 100,000 characters in a process whose files may have 8 KB at most: as on a disk that fills up. */
function writeOnFullDisk(verb: 'createSecretFile' | 'replaceSecretFile', path: string): string {
  const program = `
    const files = await import(${JSON.stringify(SOURCE)});
    await files.${verb}(process.argv[1], 'x'.repeat(100_000)).then(
      () => console.log('written'),
      ({ code }) => console.log(code),
    );`;
  const { stdout, stderr } = spawnSync(
    '/bin/sh',
    [
      '-c',
      'ulimit -f 16; exec "$0" "$@"',
      process.execPath,
      '--input-type=module',
      '-e',
      program,
      path,
    ],
    { encoding: 'utf8' },
  );
  return stdout.trim() || stderr;
}

describe('a secret file', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'carelattice-secret-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is its owner’s alone', async () => {
    const path = join(folder, 'secret');
    await createSecretFile(path, 'a');
    await replaceSecretFile(path, 'b');
    expect(await readFile(path, 'utf8')).to.equal('b');
    if (process.platform !== 'win32') expect((await stat(path)).mode & 0o777).to.equal(0o600);
  });

  it('is there whole or not at all when the disk fills up', async function () {
    if (process.platform === 'win32') this.skip(); // no ulimit
    const [created, kept] = [join(folder, 'created'), join(folder, 'kept')];
    expect(writeOnFullDisk('createSecretFile', created)).to.equal('EFBIG');
    await createSecretFile(kept, 'before');
    expect(writeOnFullDisk('replaceSecretFile', kept)).to.equal('EFBIG');
    expect(await readFile(kept, 'utf8')).to.equal('before');
    expect(await readdir(folder)).to.deep.equal(['kept']);
  });
});
