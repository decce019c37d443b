import { expect } from 'chai';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requireChainId, type Rpc } from '../../src/chain/rpc.ts';
import { httpRpc } from '../../src/chain/httpRpc.ts';
import { codeOf } from '../support/codeOf.ts';
import {
  type Finished,
  processes,
  type Processes,
  type Running,
  until,
} from '../support/processes.ts';
import { documented, freePorts, program, ROOT, words } from '../support/runningSteps.ts';

/** The section of docs/running.md on what is lost, each node and each person an operating-system process. */

const EDGE = 'deployments/edge';

describe('The commands for what is lost', function () {
  this.timeout(180_000);
  this.bail(true); // each step stands on the one before
  let folder: string;
  let started: Processes;
  let chain: Running;
  let rpc: Rpc;
  let page: string[];
  let section: string[];
  let runNode: string[];
  let records: string[];
  const nodes = new Map<string, Running>();

  const at = (...path: string[]): string => join(folder, EDGE, ...path);
  const run = (line: string, ...more: string[]): Promise<Finished> =>
    started.run([...program(line), ...more]);
  async function succeeds(line: string, ...more: string[]): Promise<string> {
    const finished = await run(line, ...more);
    expect(finished, finished.err).to.include({ code: 0 });
    return finished.out;
  }
  /** Refused with this code, in one line that a person can read. */
  async function refused(code: string, line: string, ...more: string[]): Promise<string> {
    const { code: exit, err } = await run(line, ...more);
    expect(err).to.match(new RegExp(`^${code}: .*\\n$`));
    expect(exit).to.equal(1);
    return err;
  }
  const first = (name: string): string =>
    page.find((line) => words(line).includes(name)) ?? expect.fail(`the page has no ${name}`);
  /** The lines of the section with these words, in order. */
  const lines = (...wanted: string[]): string[] =>
    section.filter((line) => wanted.every((word) => words(line).includes(word)));
  const line = (...wanted: string[]): string =>
    lines(...wanted)[0] ?? expect.fail(`the section has no ${wanted.join(' ')}`);
  const recoverLine = (): string =>
    section.find((one) => one.startsWith('npm run -s recover ')) ?? expect.fail('no recover');
  const account = (...args: string[]): string => `npm run -s account -- ${args.join(' ')}`;
  /** Chain time moves on; no block is made, so nobody but the next message shows it. */
  const pass = (seconds: number): Promise<unknown> => rpc.send('evm_increaseTime', [seconds]);
  const nodeNamed = (name: string): string =>
    runNode.find((one) => one.includes(name)) ?? expect.fail(`no node is ${name}`);
  const start = (one: string): void => {
    nodes.set(one, started.start(program(one)));
  };
  const isReady = (one: string) => async (): Promise<true | undefined> =>
    nodes.get(one)?.printed().includes('"state":"ready"') === true ? true : undefined;

  before(async () => {
    [page, section] = [await documented(), await documented('When something is lost')];
    folder = await mkdtemp(join(tmpdir(), 'carelattice-account-'));
    const [port, doors] = [await freePorts(1), await freePorts(6)];
    const url = `http://127.0.0.1:${port}`;
    rpc = httpRpc(url);
    const passphraseFile = join(folder, 'passphrase'); // nobody types in a test
    await writeFile(passphraseFile, 'a lake in the morning\n', { mode: 0o600 });
    started = processes(folder, {
      CARELATTICE_RPC_URL: url,
      CARELATTICE_PASSPHRASE_FILE: passphraseFile,
      CARELATTICE_FIRST_PORT: String(doors),
    });
    // Hardhat reads its configuration where it is started.
    chain = processes(ROOT, {}).start([...program(first('hardhat')), '--port', String(port)]);
    const isThere = async () => requireChainId(rpc, 1001);
    await until('a chain', async () => ((await codeOf(isThere)) === 'none' ? true : undefined));
    await succeeds(first('deploy-network'));
    runNode = page.filter((one) => words(one).includes('run-node'));
    for (const one of runNode) start(one);
    for (const one of runNode) await until(`${one} ready`, isReady(one));
    await succeeds(first('create-patient'));
  });

  after(async () => {
    await started.endAll();
    await chain.end('SIGKILL');
    await rm(folder, { recursive: true });
  });

  it('tell whoever is enrolled nowhere, and how they are typed', async () => {
    await refused('NotInRelations', account('show'));
    await refused('NotInRelations', 'npm run -s erase --');
    const wrong = [
      account(''),
      account('shout'),
      account('freeze'),
      account('guardians', '--none', '--threshold 2'),
      account('approve', 'request.json', '--card card.json', '--out only.json'),
      'npm run -s erase -- --all --retry',
      'npm run -s recover --',
    ];
    for (const { code, err } of await Promise.all(wrong.map((one) => run(one)))) {
      expect(err).to.match(/^UnknownOption: .*Usage: npm run /);
      expect(code).to.equal(2);
    }
    await succeeds(first('enroll'));
    records = (await succeeds(first('submit-record'))).match(/0x[0-9a-f]{32}/g) ?? [];
    expect(records).to.have.length(3);
  });

  it('name guardians, each with a key of her own and a card', async () => {
    expect(await succeeds(line('show'))).to.contain('She has no guardians');
    const made = async (one: string): Promise<void> => {
      const out = await succeeds(one);
      const text = await readFile(join(folder, words(one).at(-1) ?? ''), 'utf8');
      const { account: given } = JSON.parse(text) as Record<string, string>; // the guardian's account file
      expect(out)
        .to.contain(given)
        .and.to.match(/([0-9A-Z]{5}-){5}[0-9A-Z]{5}/);
    };
    await Promise.all(lines('guardian-key').map(made));
    await refused('SecretFileExists', line('guardian-key'));
    const name = line('guardians');
    const told = await refused('BadGuardianCircle', name.replace('--threshold 2', '--threshold 4'));
    expect(told).to.contain('more would have to act than there are');
    await refused('NoGuardianFile', name.replace('mei.account', 'nobody.account'));
    await refused('BadGuardianFile', name.replace('mei.account', 'mei.wallet'));
    expect(await codeOf(() => stat(at('cards', 'card-1-of-3.json')))).to.contain('ENOENT');
    const out = await succeeds(name);
    expect(out).to.contain('card-1-of-3.json is the card of the guardian of').and.to.contain('mei');
    expect(out).to.contain('2 of her guardians act together').and.to.contain('waits 1 minute');
    if (process.platform === 'win32') return;
    for (const file of ['mei.wallet.json', 'mei.account.json', 'cards/card-1-of-3.json'])
      expect((await stat(at(file))).mode & 0o077, file).to.equal(0);
  });

  it('let her veto in time, and else move to a new key when it is due', async () => {
    const show = (): Promise<string> => succeeds(line('show'));
    const before = await show();
    expect(await succeeds(line('rotate'))).to.contain('Pending: the owner moves to the account');
    const early = await refused('TooEarly', account('complete'));
    expect(early).to.match(/due \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/);
    expect(await succeeds(line('veto'))).to.contain('Nothing is pending');
    await refused('NothingPending', line('veto'));
    await pass(61);
    await refused('NothingPending', account('complete'));
    expect(await show()).to.equal(before);

    const pending = /moves to the account (0x[0-9a-f]{40})/.exec(await succeeds(line('rotate')));
    const again = await succeeds(line('rotate'));
    expect(again, 'one key, however often it is typed').to.contain(pending?.[1]);
    await pass(61);
    const moved = await succeeds(account('complete'));
    expect(moved).to.contain(`signs for her is ${pending?.[1]}, which this wallet holds`);
    expect(await succeeds(first('who-looked'))).to.contain('Nobody looked');
  });

  it('have her guardians freeze the account; too few, or another’s card, do not', async () => {
    const [ask = '', bring = ''] = lines('freeze');
    await refused('NoGuardianFile', ask.replace('card-1-of-3', 'card-9-of-3'));
    await succeeds(ask);
    const [read = '', mei = '', tom = ''] = lines('approve', `${EDGE}/freeze.json`);
    expect(await succeeds(read))
      .to.contain('for 7 days')
      .and.to.contain('Nothing is signed yet');
    await refused('OtherAccount', mei.replace('mei.wallet', 'tom.wallet'));
    await refused('BadGuardianFile', mei.replace('cards/card-1-of-3', 'freeze'));
    const card = JSON.parse(await readFile(at('cards/card-1-of-3.json'), 'utf8')) as object; // as it was written
    await writeFile(
      at('foreign.json'),
      JSON.stringify({ ...card, patientId: `0x${'7'.repeat(64)}` }),
    );
    await refused('ApprovalMismatch', mei.replace('cards/card-1-of-3', 'foreign'));
    await refused('PatientUnknown', ask.replace('cards/card-1-of-3', 'foreign'));
    await succeeds(mei);
    const one = bring.replace('--approval deployments/edge/freeze-tom.json', '');
    await refused('TooFewGuardians', one);
    await refused('TooFewGuardians', bring.replace('freeze-tom', 'freeze-mei'));
    await succeeds(tom);
    expect(await succeeds(bring)).to.contain('FROZEN it until');
    await refused('AuthorityFrozen', bring);
    for (const frozen of [line('rotate'), line('veto')]) await refused('AuthorityFrozen', frozen);
    const guardians = line('guardians').replace('edge/cards', 'edge/other-cards');
    await refused('AuthorityFrozen', guardians);
    expect(await codeOf(() => stat(at('other-cards', 'card-1-of-3.json')))).to.contain('ENOENT');
  });

  it('erase nothing under a frozen key, and keep it an alarm', async () => {
    const erase = `npm run -s erase -- --record ${records[0]}`;
    const { code, out } = await run(erase);
    expect(code).to.equal(1);
    expect(out).to.contain('Hospital 2 HAS NOT CONFIRMED the end of 1 record (AuthorityFrozen)');
    await refused('RecordErased', erase);
    expect((await run('npm run -s erase -- --retry')).code).to.equal(1);
  });

  it('begin her recovery with enough approvals of that one message', async () => {
    await succeeds(line('create-patient'));
    const [ask = '', bring = ''] = lines('account', 'recover');
    const old = 'patient.wallet';
    await refused('WalletInUse', ask.replace('new.wallet', old));
    const out = await succeeds(ask);
    expect(out).to.match(/Read this account out to each of them: 0x[0-9a-f]{40}/);
    const approvals = lines('approve', `${EDGE}/recovery.json`);
    for (const one of approvals) expect(await succeeds(one)).to.contain('Let her read the account');
    const foreign = bring.replace('recovery-tom', 'freeze-tom');
    expect(await refused('ApprovalMismatch', foreign)).to.contain('approved another message');
    await refused('ApprovalMismatch', bring.replace('edge/recovery.json', 'edge/freeze.json'));
    await refused('TooFewGuardians', bring.replace('recovery-tom', 'recovery-ann'));
    await refused('OtherAccount', bring.replace('new.wallet', old));
    await refused('NotRecovered', recoverLine());
    expect(await succeeds(bring)).to.contain('Pending: her guardians give her the account');
    await refused('WrongSeq', bring);
    await refused('TooEarly', recoverLine());
  });

  it('give her identifiers and records back once it is due and her hospitals answer', async () => {
    await pass(61);
    const second = nodeNamed('hospital-2');
    await nodes.get(second)?.end('SIGTERM');
    const silent = await refused('HoldersSilent', recoverLine());
    expect(silent).to.contain('Hospital 2 (PeerUnreachable)');
    start(second);
    await until('ready again', isReady(second));
    const out = await succeeds(recoverLine());
    for (const name of ['Hospital 1', 'Hospital 2'])
      expect(out).to.contain(`${name} has sealed 3 records anew`);
    expect(await succeeds(recoverLine())).to.contain('Hospital 2 has sealed 0 records anew');
    expect(await succeeds(line('read'))).to.contain('3 records, each checked to its author');
    const show = `${line('show')} --wallet ${EDGE}/new.wallet.json`;
    expect(await succeeds(show))
      .to.contain('which this wallet holds')
      .and.contain('not frozen');
    expect(await succeeds(line('show'))).to.contain('THIS WALLET DOES NOT SIGN FOR HER ANY MORE');
    await refused('OtherAccount', line('rotate'));
    expect((await run('npm run -s erase -- --retry')).out).to.contain('(Unauthorized)');
  });

  it('erase a record at both hospitals with receipts, also when one answers later', async () => {
    const [list = '', erase = ''] = lines('erase');
    const listed = await succeeds(list);
    for (const record of records)
      expect(listed).to.match(new RegExp(`${record} {2}\\w+, at Hospital 1 and Hospital 2\n`));
    const absent = `0x${'12'.repeat(16)}`;
    expect(await refused('RecordUnknown', erase.replace('RECORD', absent))).to.contain(absent);
    await refused('BadHex', erase.replace('RECORD', '0x12'));
    const second = nodeNamed('hospital-2');
    await nodes.get(second)?.end('SIGTERM');
    const wanted = erase.replace('RECORD', records[0] ?? '');
    const half = await run(wanted);
    expect(half.out).to.contain('Hospital 1 has destroyed 1 record of hers and signed a receipt');
    expect(half.out).to.contain('Hospital 2 HAS NOT CONFIRMED').and.contain('(PeerUnreachable)');
    expect(half.code).to.equal(1);
    const retry = `${list} --retry`;
    expect((await run(retry)).code).to.equal(1);
    start(second);
    await until('ready again', isReady(second));
    expect(await succeeds(retry)).to.contain('Hospital 2 has destroyed 1 record of hers');
    expect(await succeeds(retry)).to.contain('Every holder has confirmed');
    await refused('RecordErased', wanted);
    expect(await succeeds(line('read')))
      .to.contain('2 records')
      .and.not.contain(records[0]);
    expect(await succeeds(`${list} --all`)).to.contain('has destroyed 2 records of hers');
    expect(await succeeds(list)).to.equal('There is no record of hers to erase.\n');
  });
});
