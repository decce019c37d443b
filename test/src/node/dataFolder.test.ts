import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { holdDataFolder } from '../../../src/node/dataFolder.node.ts';
import { codeOf } from '../../support/codeOf.ts';

/** Holds the folder named in its arguments, says so, and stays; or prints the code with which it was refused. */
const PROGRAM = `
  import { holdDataFolder } from ${JSON.stringify(join(import.meta.dirname, '../../../src/node/dataFolder.node.ts'))};
  try {
    globalThis.held = holdDataFolder(process.argv[1]);
    console.log('held');
    setInterval(() => undefined, 1_000);
  } catch (error) {
    console.log(error.code + ' ' + error.facts.folder);
  }
`;

describe('The data folder of a node', function () {
  this.timeout(30_000);
  let folder: string;
  let data: string;
  const children: ChildProcess[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'carelattice-lock-'));
    data = join(folder, 'data');
  });
  afterEach(async () => {
    for (const child of children.splice(0)) await end(child);
    await rm(folder, { recursive: true });
  });

  /** Another process, and the first line that it printed. */
  async function another(path = data): Promise<{ child: ChildProcess; said: string }> {
    const args = ['--no-warnings', '--input-type=module', '-e', PROGRAM, path];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    const [line] = (await once(child.stdout, 'data')) as [Buffer]; // a pipe gives bytes
    return { child, said: line.toString('utf8').trim() };
  }
  async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  }
  const refusal = (path = data): Promise<string> =>
    codeOf(() => {
      using _ = holdDataFolder(path);
    });

  it('is refused to a second process, which is told its name, and to a second node of one process', async () => {
    {
      using _ = holdDataFolder(data);
      expect((await another()).said).to.equal(`DataFolderInUse ${data}`);
      expect(await refusal()).to.equal('DataFolderInUse');
      const link = join(folder, 'link');
      await symlink(data, link);
      expect(await refusal(link)).to.equal('DataFolderInUse');
      expect(await refusal(join(folder, 'other'))).to.equal('none');
    }
    expect(await refusal()).to.equal('none');
  });

  it('is free at once when its process was killed, whenever', async () => {
    for (let times = 0; times < 3; times++) {
      const { child, said } = await another();
      expect(said).to.equal('held');
      expect(await refusal()).to.equal('DataFolderInUse');
      await end(child, 'SIGKILL');
      expect(await refusal()).to.equal('none');
    }
    const { child } = await another();
    await end(child, 'SIGTERM');
    expect((await another()).said).to.equal('held');
  });

  it('is its owner’s alone, and keeps nothing but an empty file', async () => {
    {
      using _ = holdDataFolder(data);
      expect(await readdir(data)).to.deep.equal(['lock.sqlite']);
    }
    if (process.platform === 'win32') return;
    expect((await stat(data)).mode & 0o077).to.equal(0);
    expect((await stat(join(data, 'lock.sqlite'))).mode & 0o077).to.equal(0);
    await chmod(data, 0o755);
    expect(await refusal()).to.equal('none');
    expect((await stat(data)).mode & 0o077).to.equal(0);
  });

  it('is not taken over a file that is no lock', async () => {
    expect(await refusal()).to.equal('none');
    await writeFile(
      join(data, 'lock.sqlite'),
      'no database, and long enough to be seen as one'.repeat(100),
    );
    expect(await refusal()).to.equal('JournalUnreadable');
  });
});
