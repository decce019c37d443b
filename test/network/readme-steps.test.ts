import { expect } from 'chai';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requireChainId } from '../../src/chain/rpc.ts';
import { httpRpc } from '../../src/chain/httpRpc.ts';
import { foundNode } from '../../src/localnet/foundingKeys.ts';
import type { TraceStep } from '../../src/trace/trace.ts';
import { codeOf } from '../support/codeOf.ts';
import {
  type Finished,
  processes,
  type Processes,
  type Running,
  until,
} from '../support/processes.ts';
import { documented, freePorts, program, ROOT, words } from '../support/runningSteps.ts';

/** The commands of docs/running.md as they stand there, each node an operating-system process. */

const START = join(ROOT, 'scripts/start.js');

interface Asked {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

/** Status of a door's answer; undefined while nobody listens. The test's own question: nothing secret in it. */
const status = (port: number, path: string, asked: Asked = {}): Promise<number | undefined> =>
  new Promise((resolve) => {
    const { method = 'GET', headers = {}, body } = asked;
    const options = { method, headers, rejectUnauthorized: false, agent: false };
    request({ host: '127.0.0.1', port, path, ...options }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    })
      .on('error', () => resolve(undefined))
      .end(body);
  });

describe('The steps of docs/running.md', function () {
  this.timeout(120_000);
  this.bail(true); // each step stands on the one before
  let folder: string;
  let started: Processes;
  let lines: string[];
  let doors: number;
  let chain: Running;
  let rpcUrl: string;
  let records: string[];
  const nodes = new Map<string, Running>();

  const linesOf = (name: string): string[] => lines.filter((line) => words(line).includes(name));
  const lineOf = (name: string): string => {
    const [line] = linesOf(name);
    return line ?? expect.fail(`the page has no ${name}`);
  };
  const folderOf = (line: string): string => words(line).at(-1) ?? '';
  async function succeeds(line: string, ...more: string[]): Promise<Finished> {
    const finished = await started.run([...program(line), ...more]);
    expect(finished, finished.err).to.include({ code: 0 });
    return finished;
  }
  async function trace(record: string): Promise<TraceStep[]> {
    const line = lineOf('trace').replace('RECORD', record);
    const { code, out } = await started.run([...program(line), '--json']);
    return code === 0 ? (JSON.parse(out) as TraceStep[]) : []; // printed by the command under test
  }
  const holders = (steps: readonly TraceStep[]): string[] =>
    steps
      .filter(({ step }) => step === 'delivered')
      .map(({ node }) => node)
      .sort();
  const isReady = (port: number) => async (): Promise<true | undefined> =>
    (await status(port, '/readyz')) === 200 ? true : undefined;

  before(async () => {
    lines = await documented();
    folder = await mkdtemp(join(tmpdir(), 'carelattice-steps-'));
    const chainPort = await freePorts(1);
    doors = await freePorts(6);
    rpcUrl = `http://127.0.0.1:${chainPort}`;
    const passphraseFile = join(folder, 'passphrase'); // nobody types in a test
    await writeFile(passphraseFile, 'a lake in the morning\n', { mode: 0o600 });
    started = processes(folder, {
      CARELATTICE_RPC_URL: rpcUrl,
      CARELATTICE_PASSPHRASE_FILE: passphraseFile,
      CARELATTICE_FIRST_PORT: String(doors),
    });
    // Hardhat reads its configuration where it is started.
    const chainOnly = processes(ROOT, {});
    chain = chainOnly.start([...program(lineOf('hardhat')), '--port', String(chainPort)]);
    const chainId = async () => requireChainId(httpRpc(rpcUrl), 1001);
    await until('a chain', async () => ((await codeOf(chainId)) === 'none' ? true : undefined));
  });

  after(async () => {
    await started.endAll();
    await chain.end('SIGKILL');
    await rm(folder, { recursive: true });
  });

  it('deploy a network and make the folders of its nodes', async () => {
    const { out } = await succeeds(lineOf('deploy-network'));
    for (const line of linesOf('run-node')) expect(out).to.contain(folderOf(line));
    expect(linesOf('run-node')).to.have.length(5);
  });

  it('start each node as its own process, which becomes ready', async () => {
    for (const line of linesOf('run-node')) nodes.set(folderOf(line), started.start(program(line)));
    for (let i = 0; i < 5; i++) await until(`node ${i + 1} ready`, isReady(doors + i));
    expect(new Set([...nodes.values()].map(({ pid }) => pid)).size).to.equal(5);
  });

  it('make a patient’s wallet, which opens', async () => {
    const wallet = 'deployments/edge/patient.wallet.json';
    const [create = '', open = ''] = linesOf('create-patient');
    const { out } = await succeeds(create);
    expect(out)
      .to.contain(wallet)
      .and.to.match(/\n {4}([0-9A-Z]{5}-){5}[0-9A-Z]{5}\n/);
    expect(out).to.contain('nobody can open it');
    expect((await succeeds(open)).out).to.contain(`passphrase opens ${wallet}`);
    if (process.platform !== 'win32')
      expect((await stat(join(folder, wallet))).mode & 0o077).to.equal(0);
    const { err } = await started.run(program(create));
    expect(err).to.match(/^SecretFileExists: /);
  });

  it('refuse to enrol whoever has no wallet, or another passphrase', async () => {
    const passphrase = join(folder, 'other-passphrase');
    await writeFile(passphrase, 'a lake in the evening\n', { mode: 0o600 });
    const line = program(lineOf('enroll'));
    const none = await started.run([...line, '--wallet', join(folder, 'nowhere.json')]);
    expect(none.err).to.match(/^NoWallet: .*create-patient/);
    const wrong = await started.run([...line, '--passphrase-file', passphrase]);
    expect(wrong.err).to.match(/^WrongPassphrase: /);
  });

  it('enrol a patient at two hospitals', async () => {
    const { out } = await succeeds(lineOf('enroll'));
    expect(out).to.match(/enrolled at Hospital 1 and Hospital 2\. On chain she is 0x[0-9a-f]{64}/);
  });

  it('hand a bundle in, once however often it comes', async () => {
    const { out } = await succeeds(lineOf('submit-record'));
    records = out.match(/0x[0-9a-f]{32}/g) ?? [];
    expect(records).to.have.length(3);
    expect((await succeeds(lineOf('submit-record'))).out).to.equal(out);
  });

  it('trace each record until both hospitals hold it and nobody else', async () => {
    for (const record of records) {
      const steps = await until('settled', async () => {
        const found = await trace(record);
        return found.some(({ step }) => step === 'settled') && holders(found).length > 1
          ? found
          : undefined;
      });
      expect(holders(steps)).to.deep.equal(['Hospital 1', 'Hospital 2']);
      expect(steps.map(({ step }) => step)).to.include.members([
        'sealed',
        'requested',
        'answered',
        'sealed on chain',
      ]);
      expect(steps.find(({ step }) => step === 'settled')?.block).to.be.greaterThan(0);
    }
  });

  it('let her sign a consent, the insurer read under it, and her see who looked', async () => {
    const signed = await succeeds(lineOf('sign-consent'));
    expect(signed.out).to.contain('I allow “Insurer” to read medical records.');
    const [byConsent = '', own = '', hers = ''] = linesOf('read');
    const receipt = join(folder, 'receipt.json');
    expect((await succeeds(byConsent, '--receipt', receipt)).out).to.match(
      /Handed over by Hospital 2: [1-9]\d* record/,
    );
    expect((await succeeds(own)).out).to.contain('logged for the patient: 3 records');
    expect((await succeeds(hers)).out).to.contain('Her own records at Hospital 2: 3 records');
    const { out } = await until('both looks on the chain', async () => {
      const looked = await started.run(program(lineOf('who-looked')));
      const isThere = looked.code === 0 && !looked.out.includes('not on the chain yet');
      return isThere ? looked : undefined;
    });
    expect(out).to.contain('1. Insurer, paying for health care, 2 records');
    expect(out).to.contain('1. Hospital 1 itself, treatment, 3 records');
    const line = lineOf('who-looked');
    expect((await succeeds(line, '--receipt', receipt)).out).to.match(
      /^Receipt 1 that Insurer has stands in the log of Hospital 2/,
    );
    const other = join(folder, 'other.json');
    await writeFile(other, (await readFile(receipt, 'utf8')).replace('"n": "1"', '"n": "2"'));
    const forged = await started.run([...program(line), '--receipt', other]);
    expect(forged).to.include({ code: 1 });
    expect(forged.err).to.match(/^ReceiptForged: /);
  });

  it('refuse the insurer once she has taken it back, and whoever is not named', async () => {
    const [byConsent = ''] = linesOf('read');
    const other = byConsent.replace('node-06-insurer', 'node-03-hospital-3');
    expect((await started.run(program(other))).err).to.match(/^WrongReader: /);
    const line = lineOf('revoke');
    const listed = await started.run(program(line.replace('--consent DIGEST', '')));
    const [digest = ''] = listed.out.match(/0x[0-9a-f]{64}/) ?? [];
    await succeeds(line.replace('DIGEST', digest));
    await until('the revocation', async () => {
      const { err } = await started.run(program(byConsent));
      return err.startsWith('Revoked: ') ? true : undefined;
    });
  });

  it('write her whole record into one file that verifies offline', async () => {
    await succeeds(lineOf('export'));
    const receipt = join(folder, 'receipt.json');
    const { out } = await succeeds(lineOf('verify-export'), '--receipt', receipt);
    expect(out).to.contain('Receipt 1 that Insurer has stands in the log of Hospital 2');
    expect(out).to.not.contain('Not checked');
    const { out: online } = await succeeds(lineOf('verify-export'), '--rpc', rpcUrl);
    expect(online).to.not.contain('DIFFERS');
  });

  it('make an emergency card, whose summary a hospital of hers hands in', async () => {
    const [card = '', show = ''] = linesOf('emergency');
    const [, summary = ''] = linesOf('submit-record');
    expect((await started.run(program(show))).err).to.match(
      /^BadOption: she has no emergency card/,
    );
    const unknown = await started.run(program(card.replace('"Hospital 2"', '"Hospital 9"')));
    expect(unknown.err).to.match(/^NodeUnknown: .*Hospital 9/);
    expect((await succeeds(card)).out).to.contain('EMERGENCY CARD\n');
    const file = join(folder, 'deployments/edge/emergency-card.txt');
    if (process.platform !== 'win32') expect((await stat(file)).mode & 0o077).to.equal(0);
    expect((await succeeds(show)).out).to.contain('It opens nothing yet');
    expect((await succeeds(summary)).out).to.contain('emergency-summary');
    await until('the summary', isHeld);
  });

  /** Asked of her card, since every opening counts. */
  const isHeld = async (): Promise<true | undefined> => {
    const { out } = await succeeds(linesOf('emergency')[1] ?? '');
    return out.includes('Hospital 1 holds the summary') ? true : undefined;
  };
  const opened = (...more: readonly string[]): Promise<Finished> =>
    started.run([...program(linesOf('emergency')[2] ?? ''), ...more]);

  it('open the summary in an emergency, with a card, a licence and a reason', async () => {
    const line = linesOf('emergency')[2] ?? '';
    expect((await opened('--reason', '')).err).to.match(/^ReasonMissing: /);
    expect((await opened('--licence', '')).err).to.match(/^LicenceRefused: /);
    const path = words(line).find((word) => word.endsWith('.txt')) ?? '';
    const card = await readFile(join(folder, path), 'utf8');
    const edited = card.replace(/.\n$/, (end) => (end === 'A\n' ? 'B\n' : 'A\n'));
    await writeFile(join(folder, 'edited.txt'), edited);
    const wrong = await started.run(program(line.replace(path, 'edited.txt')));
    expect(wrong.err).to.match(/^CardMalformed: /);
    const { out } = await succeeds(line);
    expect(out).to.match(/Shares of the key came from Hospital \d and Hospital \d\./);
    expect(out).to.match(/\n周玉兰, female, born \d{4}-\d\d-\d\d\n\nMedication Summary\n/);
  });

  it('tell her of it, and let a person at the hospital close the review', async () => {
    const [, , open = '', list = '', close = '', end = ''] = linesOf('emergency');
    const { out: waiting } = await succeeds(list);
    expect(waiting).to.contain('asked by Hospital 3, Dr. Mei Lin (licence TW-30417)');
    const [digest = ''] = waiting.match(/0x[0-9a-f]{64}/) ?? [];
    await succeeds(close.replace('DIGEST', digest));
    expect((await started.run(program(list))).out).to.not.contain(digest);
    const again = await started.run(program(close.replace('DIGEST', digest)));
    expect(again.err).to.match(/^NoSuchReview: /);
    await until('the notices', async () => {
      const { out } = await started.run([process.execPath, START, 'inbox']);
      const shares = out.match(/a share of the key.*\n.*\n.*\n.*waiting at .*, /g) ?? [];
      const isAll = shares.length === 2 && out.includes('gave Hospital 3 her emergency summary');
      return isAll ? true : undefined;
    });
    expect((await succeeds(lineOf('inbox'))).out).to.contain('Dropped');
    expect((await succeeds(lineOf('inbox'))).out).to.equal('Her inbox holds 0 notices.\n');
    const card = await readFile(join(folder, 'deployments/edge/emergency-card.txt'));
    await writeFile(join(folder, 'old-card.txt'), card);
    const { out } = await succeeds(end);
    expect(out).to.contain('Card: 2');
    const [path = ''] = words(open).filter((word) => word.endsWith('.txt'));
    const old = await started.run(program(open.replace(path, 'old-card.txt')));
    expect(old.err).to.match(/^CardUnknown: /);
    const [, handIn = ''] = /npm run (submit-record .*)$/m.exec(out) ?? [];
    const handedIn = await succeeds(`npm run -s ${handIn}`);
    await until('the new summary', isHeld);
    // The next step ends Hospital 1.
    const [record = ''] = handedIn.out.match(/0x[0-9a-f]{32}/g) ?? [];
    await until('its second copy', async () =>
      holders(await trace(record)).includes('Hospital 2') ? true : undefined,
    );
    expect((await succeeds(open)).out).to.contain('Medication Summary');
  });

  it('open it while one hospital is down, and not with two of them down', async () => {
    const [, second = ''] = linesOf('run-node');
    const [first = ''] = linesOf('run-node');
    await nodes.get(folderOf(first))?.end('SIGKILL');
    const one = await opened();
    expect(one.err).to.equal('');
    expect(one.out).to.contain('No share came from Hospital 1 (PeerUnreachable).');
    expect(one.out).to.contain('Medication Summary');
    await nodes.get(folderOf(second))?.end('SIGKILL');
    expect((await opened()).err).to.match(/^TooFewCustodians: .*Hospital 2: PeerUnreachable/);
    const inbox = await started.run([process.execPath, START, 'inbox']);
    expect(inbox.code).to.equal(1);
    expect(inbox.out).to.contain('NOT ALL HER HOSPITALS ANSWERED');
    for (const line of [first, second]) nodes.set(folderOf(line), started.start(program(line)));
    for (const port of [doors, doors + 1]) await until('ready again', isReady(port));
    const withdraw = await started.run([
      ...[process.execPath, START, 'emergency', 'card', '--withdraw'],
    ]);
    expect(withdraw).to.include({ code: 0 });
    expect((await opened()).err).to.match(/^CardUnknown: /);
  });

  it('give a hospital that was killed the record that it missed, when it starts again', async () => {
    const line = linesOf('run-node')[1] ?? '';
    await nodes.get(folderOf(line))?.end('SIGKILL');
    const { out } = await succeeds(lineOf('submit-record'), '--key', 'again');
    const [record = ''] = out.match(/0x[0-9a-f]{32}/g) ?? [];
    expect(records).to.not.include(record);
    const before = await until('sealed without it', async () => {
      const steps = await trace(record);
      return steps.some(({ step }) => step === 'sealed on chain') ? steps : undefined;
    });
    expect(holders(before)).to.not.include('Hospital 2');
    nodes.set(folderOf(line), started.start(program(line)));
    const after = await until('delivered', async () => {
      const steps = await trace(record);
      return holders(steps).includes('Hospital 2') ? steps : undefined;
    });
    expect(holders(after)).to.deep.equal(['Hospital 1', 'Hospital 2']);
  });

  it('refuse a second process of the same node and say why', async () => {
    const line = program(linesOf('run-node')[0] ?? '');
    const { code, err } = await started.run(line);
    expect(code).to.equal(1);
    expect(err).to.match(/^DataFolderInUse: .*node-01-hospital-1/);
    const withOther = (own: Record<string, string>): Promise<Finished> =>
      processes(folder, own).run(line);
    const otherPort = await withOther({ CARELATTICE_LISTEN_PORT: String(doors + 5) });
    expect(otherPort.err).to.match(/^DataFolderInUse: /);
    const otherData = await withOther({ CARELATTICE_DATA: join(folder, 'empty') });
    expect(otherData.err).to.match(/^PortInUse: /);
    // The node that was there first goes on.
    expect(await status(doors, '/readyz')).to.equal(200);
    expect(await trace(records[0] ?? '')).to.not.deep.equal([]);
  });

  it('leave the operator’s door shut to whoever lacks its token', async () => {
    const file = join(folder, 'deployments/edge/node-01-hospital-1/data/operator.json');
    if (process.platform !== 'win32') expect((await stat(file)).mode & 0o077).to.equal(0);
    // Written by the node, read by operatorClient in the same form.
    const { endpoint, token } = JSON.parse(await readFile(file, 'utf8')) as Record<string, string>;
    const { hostname, port } = new URL(endpoint ?? '');
    expect(hostname).to.equal('127.0.0.1');
    const withToken = (authorization: string): Asked => ({ headers: { authorization } });
    expect(await status(Number(port), '/status', withToken(`Bearer ${token}`))).to.equal(200);
    expect(await status(Number(port), '/status')).to.equal(401);
    for (const wrong of ['Bearer ', `Bearer ${token}x`, `${token}`, 'Bearer undefined']) {
      expect(await status(Number(port), '/status', withToken(wrong)), wrong).to.equal(401);
      const handIn = { ...withToken(wrong), method: 'POST', body: '{}' };
      expect(await status(Number(port), '/records', handIn), wrong).to.equal(401);
    }
    // The network's door knows none of these ways.
    for (const path of ['/records', '/status', `/trace/${records[0]}`])
      expect(await status(doors, path, withToken(`Bearer ${token}`)), path).to.equal(404);
  });

  it('bear noise at the doors of the network', async () => {
    const noise: Asked = { method: 'POST', body: 'noise' };
    expect(await status(doors, '/client', noise)).to.equal(400);
    expect(await status(doors, '/courier', noise)).to.equal(200);
    expect(await status(doors, '/ipfs?format=car', noise)).to.equal(400);
    expect(await status(doors, '/ipfs/bafkqaaa?format=raw')).to.equal(400);
    expect(await status(doors, '/client')).to.equal(405);
    expect(await status(doors, '/readyz')).to.equal(200);
  });

  it('refuse keys that the registry does not know, and a role that it knows otherwise', async () => {
    const home = join(folder, 'deployments/edge');
    const stranger = join(folder, 'stranger');
    const endpoint = `https://127.0.0.1:${doors + 5}`;
    await foundNode(stranger, { name: 'Stranger', role: 'recording', endpoint });
    const run = async (change: object): Promise<string> => {
      const own = { name: 'Stranger', role: 'recording', manifest: `${home}.json`, rpcUrl };
      const config = { ...own, listenPort: doors + 5, ...change };
      await writeFile(join(stranger, 'node.json'), JSON.stringify(config));
      const { code, err } = await started.run([process.execPath, START, 'run-node', stranger]);
      expect(code).to.equal(1);
      return err.split(':')[0] ?? '';
    };
    const of = (node: string) => ({
      keystore: join(home, node, 'keystore.json'),
      passwordFile: join(home, node, 'password'),
    });
    expect(await run({})).to.equal('NotAdmitted');
    expect(await run({ ...of('node-03-hospital-3'), role: 'consensus' })).to.equal('WrongRole');
    const nodeId = `0x${'11'.repeat(32)}`;
    expect(await run({ ...of('node-03-hospital-3'), nodeId })).to.equal('WrongNodeId');
    expect(await run(of('node-03-hospital-3'))).to.equal('TlsKeyNotRegistered');
    const mixed = { ...of('node-03-hospital-3'), passwordFile: join(stranger, 'password') };
    expect(await run(mixed)).to.equal('WrongPassword');
    expect(await run({ keystore: 'nowhere.json' })).to.equal('KeyFileMissing');
    expect(await run({ manifest: 'nowhere.json' })).to.equal('NoManifest');
  });

  it('end a node by SIGTERM after its step, with exit code 0', async () => {
    const line = linesOf('run-node').at(-1) ?? '';
    const finished = await nodes.get(folderOf(line))?.end('SIGTERM');
    expect(finished).to.include({ code: 0, err: '' });
    expect(finished?.out.trimEnd().split('\n').at(-1)).to.contain('"event":"stopped"');
    const { err } = await started.run([process.execPath, START, 'trace', `0x${'12'.repeat(16)}`]);
    expect(err).to.match(/^RecordUnknown: .*Standby/);
  });

  it('say that the chain is unreachable when it ends, and stop when another one begins in its place', async () => {
    await chain.end('SIGKILL');
    await until('not ready', async () =>
      (await status(doors, '/readyz')) === 503 ? true : undefined,
    );
    expect(await status(doors, '/healthz')).to.equal(200);
    const line = linesOf('run-node')[0] ?? '';
    const port = new URL(rpcUrl).port;
    const other = processes(ROOT, {}).start([...program(lineOf('hardhat')), '--port', port]);
    try {
      const node = nodes.get(folderOf(line));
      await until('its reason', async () =>
        node?.printed().includes('StaleManifest: ') ? true : undefined,
      );
      expect(await status(doors, '/healthz')).to.equal(undefined);
    } finally {
      await other.end('SIGKILL');
    }
  });

  it('tell a wrongly typed command how it is typed', async () => {
    for (const name of [
      'deploy-network',
      'run-node',
      'create-patient',
      'enroll',
      'submit-record',
      'trace',
      'inbox',
    ]) {
      const { code, err } = await started.run([process.execPath, START, name, '--colour', 'red']);
      expect(code).to.equal(2);
      expect(err).to.match(new RegExp(`^UnknownOption: .*--colour.*Usage: npm run ${name} -- `));
    }
    for (const act of ['card', 'end', 'open', 'review', 'shut', '']) {
      const { code, err } = await started.run([
        ...[process.execPath, START, 'emergency', act, '--colour', 'red'],
      ]);
      expect(code).to.equal(2);
      expect(err).to.match(/^UnknownOption: .*Usage: npm run emergency -- /);
    }
  });
});
