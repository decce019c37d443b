import { expect } from 'chai';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  completeByCommand,
  completePending,
  dismissGuardians,
  nameGuardians,
  rotateByCommand,
  showByCommand,
  vetoByCommand,
} from '../../src/client/account/accountByCommand.node.ts';
import type { AccountDesk } from '../../src/client/account/accountDesk.node.ts';
import { keySigner } from '../../src/client/account/authorityMessages.ts';
import { accountText, jsonText, readFileOf } from '../../src/client/account/guardianFiles.node.ts';
import { approveRequest, guardianRequest } from '../../src/client/account/guardianRequests.ts';
import { guardianCard } from '../../src/client/account/guardians.ts';
import {
  askFreeze,
  askRecovery,
  beginRecovery,
  freezeByCommand,
} from '../../src/client/account/guardiansByCommand.node.ts';
import { recoverByCommand } from '../../src/client/account/recoverByCommand.node.ts';
import { recoveredLines } from '../../src/client/account/recoveredText.ts';
import { submitSteps, withSteps } from '../../src/client/account/stepScopes.ts';
import { ownRecords } from '../../src/client/reading/ownRecords.ts';
import { authorityOf, handleIn, newWallet, type Wallet } from '../../src/client/wallet/wallet.ts';
import { sealWalletKey } from '../../src/client/wallet/walletKeys.ts';
import { recoveryCodeOf } from '../../src/crypto/recoveryCode.ts';
import { CarelatticeError } from '../../src/errors.ts';
import { toHex } from '../../src/hash/bytes.ts';
import { waysInto } from '../../src/localnet/ways.ts';
import { codeOf } from '../support/codeOf.ts';
import {
  clientOf,
  enrolledPatient,
  handIn,
  knownNode,
  notes,
  random,
  settleAll,
  startTestNetwork,
  stateAt,
  type TestNetwork,
  type TestPatient,
} from '../support/edgeNetwork.ts';
import { DAY, newSigner, pass } from '../support/guardians.ts';

interface TestDesk extends AccountDesk {
  /** What the wallet was whenever it was kept. */
  readonly saved: Wallet[];
  /** Nodes of these names do not answer, as a killed process does not. */
  readonly down: Set<string>;
}

describe('the commands for a patient’s account', () => {
  let network: TestNetwork;
  let folder: string;
  before(async () => {
    network = await startTestNetwork();
    await network.settle();
  });
  after(() => network.close());
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'carelattice-account-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function deskOf(wallet: Wallet): Promise<TestDesk> {
    const ways = await waysInto(network, random);
    const [saved, down]: [Wallet[], Set<string>] = [[], new Set()];
    const ask: typeof ways.transport.ask = (node, sealed) =>
      down.has(node.name)
        ? Promise.reject(new CarelatticeError('PeerUnreachable', 'no answer', { retryable: true }))
        : ways.transport.ask(node, sealed);
    return {
      wallet,
      saved,
      down,
      manifest: network.manifest,
      registry: network.node('North').open.components.contracts.patientRegistry,
      ways: { ...ways, transport: { ...ways.transport, ask } },
      save: async () => void saved.push(structuredClone(wallet)),
    };
  }
  const file = (name: string): string => join(folder, name);
  const signers = Array.from({ length: 3 }, newSigner);

  async function accountFiles(): Promise<string[]> {
    const paths = signers.map((_, i) => file(`guardian-${i}.json`));
    for (const [i, path] of paths.entries())
      await writeFile(path, accountText(signers[i]?.account ?? '0x'));
    return paths;
  }
  /** Two of three guardians, after a day. @returns their cards' files */
  async function guarded(desk: AccountDesk): Promise<string[]> {
    const circle = { threshold: 2, delay: DAY, cards: file('cards') };
    const { cards } = await nameGuardians(desk, { ...circle, accountFiles: await accountFiles() });
    return cards.files.map(({ card }) => card);
  }
  /** Approvals of the first two guardians. */
  async function approved(request: string, cards: readonly string[]): Promise<string[]> {
    const wanted = await readFileOf(guardianRequest, request);
    const paths: string[] = [];
    for (const [i, signer] of signers.slice(0, 2).entries()) {
      const card = await readFileOf(guardianCard, cards[i] ?? '');
      const path = `${request}-${i}`;
      await writeFile(path, jsonText(approveRequest(card, wanted, signer)));
      paths.push(path);
    }
    return paths;
  }
  const shown = async (desk: AccountDesk): Promise<string> =>
    (await showByCommand(desk)).join('\n');

  it('name guardians whose cards stay when it is not known whether the chain has them', async () => {
    const { wallet } = await enrolledPatient(network, ['North']);
    const desk = await deskOf(wallet);
    desk.down.add('Keeper');
    expect(await codeOf(() => guarded(desk))).to.equal('PeerUnreachable');
    expect(await readdir(file('cards'))).to.have.length(3);
    expect(desk.saved).to.deep.equal([]);
    expect(await codeOf(() => guarded(desk))).to.equal('SecretFileExists');
    desk.down.clear();
    await rm(file('cards'), { recursive: true });
    await guarded(desk);
    expect(await shown(desk))
      .to.contain('2 of her guardians act together')
      .and.contain('1 day');
    // Her own account is none of them; nothing is left of what was refused.
    const own = file('own.json');
    await writeFile(own, accountText(authorityOf(wallet)));
    const [first = ''] = await accountFiles();
    const circle = { threshold: 2, delay: 60, cards: file('self') };
    const act = (): Promise<unknown> =>
      nameGuardians(desk, { ...circle, accountFiles: [own, first] });
    expect(await codeOf(act)).to.equal('BadGuardianCircle');
    expect(await readdir(file('self'))).to.deep.equal([]);
    expect((await dismissGuardians(desk)).pending?.kind).to.equal('guardians');
  });

  it('keep the key of a move whose end is not known, and adopt it whoever completes it', async () => {
    const { wallet } = await enrolledPatient(network, ['North']);
    const desk = await deskOf(wallet);
    const [card = ''] = await guarded(desk);
    const before = authorityOf(wallet);
    desk.down.add('Keeper');
    expect(await codeOf(() => rotateByCommand(desk))).to.equal('PeerUnreachable');
    const kept = desk.saved.at(-1)?.nextAuthorityKey;
    expect(kept).to.be.a('string');
    desk.down.clear();
    const next = keySigner(kept ?? '0x').account;
    expect((await rotateByCommand(desk)).pending).to.include({ kind: 'rotation', authority: next });
    expect(authorityOf(wallet)).to.equal(before);
    await pass(network, DAY);
    await completePending(desk, await readFileOf(guardianCard, card));
    expect(await shown(desk)).to.contain(`signs for her is ${next}, which this wallet holds`);
    expect(desk.saved.at(-1)).to.include({ authorityKey: kept });
    expect(desk.saved.at(-1)?.nextAuthorityKey).to.equal(undefined);
    expect(await codeOf(() => completeByCommand(desk))).to.equal('NothingPending');
  });

  it('give up the key of a move that she vetoed: another one follows', async () => {
    const { wallet } = await enrolledPatient(network, ['North']);
    const desk = await deskOf(wallet);
    await guarded(desk);
    const given = (await rotateByCommand(desk)).pending?.authority;
    expect((await vetoByCommand(desk)).pending).to.equal(undefined);
    expect(desk.saved.at(-1)?.nextAuthorityKey).to.equal(undefined);
    expect((await rotateByCommand(desk)).pending?.authority).to.not.equal(given);
  });

  it('move no wallet of several networks, and say so before anything is signed', async () => {
    const { wallet, network: own } = await enrolledPatient(network, ['North']);
    const other = `0x${'0e'.repeat(32)}` as const;
    wallet.networks[other] = { ...own, networkId: other };
    const desk = await deskOf(wallet);
    expect(await codeOf(() => rotateByCommand(desk))).to.equal('NoWay');
    expect(desk.saved).to.deep.equal([]);
    expect(wallet.nextAuthorityKey).to.equal(undefined);
  });

  it('freeze by the approvals of one request, not of the one before', async () => {
    const { wallet } = await enrolledPatient(network, ['North']);
    const desk = await deskOf(wallet);
    const cards = await guarded(desk);
    const ask = (name: string, seconds: number) =>
      askFreeze(desk, cards[2] ?? '', seconds, file(name));
    await ask('short', 60);
    await ask('long', 7 * DAY);
    const [short, long] = [
      await approved(file('short'), cards),
      await approved(file('long'), cards),
    ];
    const bring = (request: string, approvals: string[]) =>
      codeOf(() => freezeByCommand(desk, { request: file(request), approvals }));
    expect(await bring('long', [...long.slice(0, 1), ...short.slice(1)])).to.equal(
      'ApprovalMismatch',
    );
    const text = await readFile(file('short'), 'utf8');
    await writeFile(file('edited'), text.replace('"duration": "60"', '"duration": "61"'));
    expect(await bring('edited', short)).to.equal('ApprovalMismatch');
    await writeFile(
      file('elsewhere'),
      text.replace(network.manifest.networkId, `0x${'ab'.repeat(32)}`),
    );
    expect(await bring('elsewhere', short)).to.equal('ApprovalMismatch');
    expect(await bring('short', short)).to.equal('none');
    expect(await shown(desk)).to.contain('FROZEN');
    await pass(network, 120);
    expect(await bring('long', long), 'it had the number that is used').to.equal('WrongSeq');
  });

  async function emptyWallet(): Promise<Wallet> {
    const wallet = newWallet(random);
    await sealWalletKey(wallet, [
      { kind: 'recoveryCode', code: recoveryCodeOf(random(16)) },
      { kind: 'guardians', threshold: 2, guardians: 3 },
    ]);
    return wallet;
  }
  /** Her guardians have begun to give her the account of a new wallet; it is due. */
  async function recovering(patient: TestPatient): Promise<{ desk: TestDesk; card: string }> {
    const cards = await guarded(await deskOf(patient.wallet));
    const [card = ''] = cards;
    const desk = await deskOf(await emptyWallet());
    await askRecovery(desk, card, file('recovery'));
    const approvals = await approved(file('recovery'), cards);
    await beginRecovery(desk, { request: file('recovery'), approvals });
    await pass(network, DAY);
    return { desk, card };
  }

  it('recover without hospitals that stay silent only at her wish, and leave them then', async () => {
    const patient = await enrolledPatient(network, ['North', 'South', 'East']);
    await handIn(network, 'North', patient, notes(2));
    await settleAll(network);
    const { desk, card } = await recovering(patient);
    for (const name of ['South', 'East']) desk.down.add(name);
    expect(await codeOf(() => recoverByCommand(desk, card, false))).to.equal('HoldersSilent');
    expect(desk.saved).to.deep.equal([]);
    const recovered = await recoverByCommand(desk, card, true);
    expect(recovered.left).to.have.members(['South (PeerUnreachable)', 'East (PeerUnreachable)']);
    expect(recovered.sealed).to.deep.equal([{ node: 'North', outcome: 2 }]);
    const own = desk.saved.at(-1)?.networks[network.manifest.networkId];
    const north = knownNode(network, 'North');
    expect(own?.relations.map(({ nodeId }) => nodeId)).to.deep.equal([north.nodeId]);
    expect(own?.formerHolders).to.have.length(2);
    if (own === undefined) throw new Error('the wallet was kept');
    // With the new root key alone.
    const forgetful = {
      ...own,
      kept: { handles: {}, accessKeys: {}, ...own.kept, scopeSeeds: [] },
    };
    const ways = await waysInto(network, random);
    const texts: string[] = [];
    for await (const { body } of ownRecords(desk.wallet, forgetful, north, ways))
      texts.push(Buffer.from(body).toString());
    expect(texts.sort()).to.deep.equal(['result 1', 'result 2']);
    const { records } = await handIn(network, 'North', patient, notes(1));
    await settleAll(network);
    expect(stateAt(network, 'South', records[0]?.anchor ?? '0x')).to.equal('unknown');
  });

  it('go on where a recovery stopped: half renewed keys are renewed again, an absent hospital asked again', async () => {
    const patient = await enrolledPatient(network, ['North', 'South']);
    await handIn(network, 'North', patient, notes(1));
    await settleAll(network);
    const { desk, card } = await recovering(patient);
    // The consensus node is gone after the first message of the new account.
    const { transport } = desk.ways;
    let messages = 0;
    const ask: typeof transport.ask = (node, sealed) =>
      node.name === 'Keeper' && ++messages > 8
        ? Promise.reject(new CarelatticeError('PeerUnreachable', 'no answer', { retryable: true }))
        : transport.ask(node, sealed);
    const broken = { ...desk, ways: { ...desk.ways, transport: { ...transport, ask } } };
    expect(await codeOf(() => recoverByCommand(broken, card, false))).to.equal('PeerUnreachable');
    expect(desk.saved).to.deep.equal([]);
    await network.settle();
    const { sealed } = await recoverByCommand(desk, card, false);
    expect(sealed.map(({ outcome }) => outcome)).to.deep.equal([1, 1]);
    desk.down.add('South');
    const again = await recoverByCommand(desk, card, false);
    const { lines, isDone } = recoveredLines(again);
    expect(isDone).to.equal(false);
    expect(lines.join('\n')).to.contain('South HAS NOT sealed her records anew (PeerUnreachable)');
  });

  it('hostile: put her own key after those that a thief stepped to on the chain alone', async () => {
    const patient = await enrolledPatient(network, ['North']);
    await handIn(network, 'North', patient, notes(1));
    await settleAll(network);
    // Keys of another root, three epochs on: her nodes never heard of them.
    const thief = { ...patient.wallet, rootKey: toHex(random(32)) };
    const { network: own } = patient;
    own.kept = {
      scopeSeeds: [],
      accessKeys: {},
      handles: { result: handleIn(patient.wallet, own, 'result') },
    };
    for (let i = 0; i < 3; i++)
      await submitSteps(thief, own, withSteps(own, ['result']), clientOf(network), ['result']);
    await settleAll(network);
    delete own.kept;
    const { desk, card } = await recovering(patient);
    const { sealed } = await recoverByCommand(desk, card, false);
    expect(sealed.map(({ outcome }) => outcome)).to.deep.equal([1]);
    expect(desk.saved.at(-1)?.networks[network.manifest.networkId]?.epochs).to.include({
      result: 4,
    });

    // Another device of hers steps to an epoch that this wallet has other keys for.
    const found = desk.saved.at(-1)?.networks[network.manifest.networkId];
    if (found === undefined) throw new Error('the wallet was kept');
    const other = { ...desk.wallet, rootKey: toHex(random(32)) };
    await submitSteps(
      other,
      structuredClone(found),
      withSteps(found, ['result']),
      clientOf(network),
      ['result'],
    );
    await settleAll(network);
    const again = () => recoverByCommand(desk, card, false);
    expect(await codeOf(again)).to.equal('ScopeKeyOvertaken');
    desk.wallet.networks[network.manifest.networkId] = withSteps(found, ['result']);
    expect(await codeOf(again)).to.equal('ScopeKeyOvertaken');
  });

  it('recover nobody into a wallet of somebody else', async () => {
    const [patient, other] = [
      await enrolledPatient(network, ['North']),
      await enrolledPatient(network, ['North']),
    ];
    const [card = ''] = await guarded(await deskOf(patient.wallet));
    const desk = await deskOf(other.wallet);
    const out = file('request');
    expect(await codeOf(() => askRecovery(desk, card, out))).to.equal('WalletInUse');
    expect(await codeOf(() => recoverByCommand(desk, card, false))).to.equal('WalletInUse');
    const empty = await deskOf(await emptyWallet());
    expect(await codeOf(() => recoverByCommand(empty, card, false))).to.equal('NotRecovered');
  });
});
