import { expect } from 'chai';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepRecords } from '../../../../src/client/reading/readByCommand.node.ts';
import { processes, type Processes } from '../../../support/processes.ts';
import { program, ROOT } from '../../../support/runningSteps.ts';

/** Commands that open records look first whether these can be kept: nothing answers them here, and nobody is asked. */
describe('the place where opened records go', function () {
  this.timeout(60_000);
  let folder: string;
  let started: Processes;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'carelattice-places-'));
    started = processes(ROOT, { CARELATTICE_RPC_URL: 'http://127.0.0.1:1' });
    await writeFile(join(folder, 'taken'), 'old');
  });
  afterEach(async () => {
    await started.endAll();
    await rm(folder, { recursive: true });
  });
  const codeIn = async (line: string): Promise<string> => {
    const { err } = await started.run([...program(line), '--deployments', folder]);
    return err.split(':', 1).join('');
  };
  const taken = (...names: string[]): string => join(folder, 'taken', ...names);

  it('hostile: is tried before anything is opened, by whomever it is read', async () => {
    for (const who of ['--own --at North', '--sample 1 --at North', '--consent c --as f'])
      for (const out of [taken(), taken('below')])
        expect(await codeIn(`npm run -s read -- ${who} --out ${out}`), who).to.equal(
          'FolderMissing',
        );
    expect(await codeIn(`npm run -s export -- ${taken('file')}`)).to.equal('FolderMissing');
    const missing = join(folder, 'missing', 'file');
    expect(await codeIn(`npm run -s export -- ${missing}`)).to.equal('FolderMissing');
    expect(await codeIn(`npm run -s export -- ${taken()}`)).to.equal('ExportFileExists');
    expect(await readFile(taken(), 'utf8')).to.equal('old');
    expect(await readdir(folder)).to.deep.equal(['taken']);
  });

  it('is made when it is not there, for its owner alone', async () => {
    const out = join(folder, 'new', 'folder');
    const record = { recordId: '0x01', category: 'result', author: 'North', recordedAt: 0 };
    await keepRecords([{ ...record, text: 'all' }], out);
    expect(await readFile(join(out, '0x01.json'), 'utf8')).to.equal('all');
    if (process.platform === 'win32') return;
    for (const path of [out, join(out, '0x01.json')])
      expect((await stat(path)).mode & 0o077, path).to.equal(0);
  });
});
