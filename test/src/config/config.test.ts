import { expect } from 'chai';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { commandLine } from '../../../src/config/commandLine.ts';
import { loadDeployment } from '../../../src/config/deployment.ts';
import { loadConfig } from '../../../src/config/nodeConfig.ts';
import { codeOf } from '../../support/codeOf.ts';

const FILE = {
  name: 'Hospital 1',
  role: 'recording',
  manifest: '../../edge.json',
  rpcUrl: 'http://127.0.0.1:8545',
  listenPort: 44300,
};

async function failure(act: () => unknown): Promise<string> {
  try {
    await act();
  } catch (error) {
    return String(error);
  }
  return 'none';
}

describe('Configuration', () => {
  let folder: string;
  const given = (file: object): Promise<void> =>
    writeFile(join(folder, 'node.json'), JSON.stringify(file));

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'carelattice-config-'));
    await given(FILE);
  });

  afterEach(() => rm(folder, { recursive: true }));

  it('fills in defaults, starts relative paths at the file, and is frozen', async () => {
    const config = await loadConfig({}, folder);
    expect(config).to.deep.equal({
      ...FILE,
      manifest: resolve(folder, '../../edge.json'),
      keystore: join(folder, 'keystore.json'),
      passwordFile: join(folder, 'password'),
      tlsKey: join(folder, 'tls-key.pem'),
      data: join(folder, 'data'),
      listenHost: '127.0.0.1',
      pollMs: 500,
      readsADay: 1_000,
    });
    expect(Object.isFrozen(config)).to.equal(true);
  });

  it('lets the environment win, whose relative paths start at the working directory', async () => {
    const env = { CARELATTICE_LISTEN_PORT: '5', CARELATTICE_DATA: 'elsewhere', OTHER: 'x' };
    const config = await loadConfig(env, folder);
    expect(config).to.include({ listenPort: 5, data: resolve('elsewhere') });
    expect(await loadConfig({ CARELATTICE_READS_A_DAY: '7' }, folder)).to.include({ readsADay: 7 });
    expect((await loadConfig({ CARELATTICE_DATA: '' }, folder)).data).to.equal(
      join(folder, 'data'),
    );
  });

  it('names the key that nothing reads, in the file and in the environment', async () => {
    await given({ ...FILE, pollMS: 7 });
    expect(await failure(() => loadConfig({}, folder))).to.contain('pollMS');
    expect(await codeOf(() => loadConfig({}, folder))).to.equal('UnknownConfigKey');
    await given(FILE);
    const env = { CARELATTICE_POLLMS: '7' };
    expect(await codeOf(() => loadConfig(env, folder))).to.equal('UnknownConfigKey');
    expect(await failure(() => loadConfig(env, folder))).to.contain('CARELATTICE_POLLMS');
  });

  it('names each wrong key and what it wants', async () => {
    await given({ ...FILE, role: 'king', rpcUrl: 'ftp://chain' });
    const act = () => loadConfig({ CARELATTICE_POLL_MS: '3' }, folder);
    expect(await codeOf(act)).to.equal('BadConfig');
    const text = await failure(act);
    expect(text).to.contain('role: recording or consensus');
    expect(text).to.contain('rpcUrl: a URL that begins with http:// or https://');
    expect(text).to.contain('pollMs: whole milliseconds from 20 to 60000');
    for (const reads of ['0', '1000001', '1.5', 'many']) {
      const env = { CARELATTICE_READS_A_DAY: reads };
      expect(await codeOf(() => loadConfig(env, folder)), reads).to.equal('BadConfig');
    }
    for (const port of ['0', '65536', '80.5', 'http']) {
      const env = { CARELATTICE_LISTEN_PORT: port };
      expect(await codeOf(() => loadConfig(env, folder)), port).to.equal('BadConfig');
    }
  });

  it('takes an id as the registry writes it, and no other', async () => {
    const nodeId = `0x${'a1'.repeat(32)}`;
    await given({ ...FILE, nodeId });
    expect(await loadConfig({}, folder)).to.include({ nodeId });
    for (const wrong of ['', '0xa1', nodeId.toUpperCase(), `${nodeId}0`, 7]) {
      await given({ ...FILE, nodeId: wrong });
      expect(await failure(() => loadConfig({}, folder)), String(wrong)).to.contain(
        'nodeId: an id',
      );
    }
  });

  it('tells a missing file from one that is no JSON object', async () => {
    expect(await codeOf(() => loadConfig({}, join(folder, 'nowhere')))).to.equal('NoConfig');
    for (const text of ['{', '[]', 'null', '7']) {
      await writeFile(join(folder, 'node.json'), text);
      expect(await codeOf(() => loadConfig({}, folder)), text).to.equal('BadConfig');
    }
  });

  it('prefers options to the environment, and that to the defaults', async () => {
    const env = { CARELATTICE_NETWORK: 'valley', CARELATTICE_FIRST_PORT: '2000' };
    expect(loadDeployment(env, { firstPort: 3000, network: undefined })).to.deep.equal({
      rpcUrl: 'http://127.0.0.1:8545',
      network: 'valley',
      deployments: 'deployments',
      firstPort: 3000,
    });
    const passphraseFile = { CARELATTICE_PASSPHRASE_FILE: 'pass' };
    expect(loadDeployment(passphraseFile, {})).to.include({ passphraseFile: 'pass' });
    expect(loadDeployment(passphraseFile, { passphraseFile: 'own' })).to.include({
      passphraseFile: 'own',
    });
    expect(await codeOf(() => loadDeployment({}, { network: '../up' }))).to.equal('BadConfig');
    expect(await codeOf(() => loadDeployment({}, { firstPort: NaN }))).to.equal('BadConfig');
  });
});

describe('A command line', () => {
  const command = {
    usage: 'walk --to PLACE FILE',
    options: { to: { type: 'string' } },
    least: 1,
    most: 1,
    needs: ['to'],
  } as const;

  it('gives options and arguments', () => {
    const { values, positionals } = commandLine(command, ['--to', 'hill', 'map']);
    expect([values.to, positionals]).to.deep.equal(['hill', ['map']]);
  });

  it('says how a command is typed when it is not', async () => {
    const wrong = [['map'], ['--to', 'hill'], ['--to', 'hill', 'a', 'b'], ['--by', 'car', 'map']];
    for (const args of wrong) {
      expect(await codeOf(() => commandLine(command, args)), args.join(' ')).to.equal(
        'UnknownOption',
      );
      expect(await failure(() => commandLine(command, args))).to.contain(
        'Usage: walk --to PLACE FILE',
      );
    }
  });
});
