import { expect } from 'chai';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type CardDesk,
  type CardTold,
  endByCommand,
  makeCardByCommand,
  showCardByCommand,
  withdrawCardByCommand,
} from '../../src/client/emergency/cardByCommand.node.ts';
import { readCardFile } from '../../src/client/emergency/cardFile.node.ts';
import { cardText } from '../../src/client/emergency/emergencyCardText.ts';
import { openByCommand, type OpenOptions } from '../../src/client/emergency/openByCommand.node.ts';
import { closeReviewByCommand, reviewLines } from '../../src/client/emergency/reviewByCommand.ts';
import { dropByCommand, dropShown, showInbox } from '../../src/client/inbox/inboxByCommand.ts';
import { inboxKeyOf } from '../../src/client/inbox/inboxKey.ts';
import { sealNotice } from '../../src/crypto/inboxSeal.ts';
import { CarelatticeError } from '../../src/errors.ts';
import { toHex } from '../../src/hash/bytes.ts';
import { waysInto } from '../../src/localnet/ways.ts';
import { SUMMARY_CATEGORY } from '../../src/wire/emergencyMessages.ts';
import { codeOf } from '../support/codeOf.ts';
import {
  enrolledPatient,
  handIn,
  notes,
  random,
  startTestNetwork,
  type TestNetwork,
  type TestPatient,
} from '../support/edgeNetwork.ts';
import { operatorAt, passTime } from '../support/emergencies.ts';

const BUNDLE = '{"resourceType":"Bundle","type":"collection","entry":[]}';
const ALL = ['North', 'South', 'East', 'West'];

describe('the commands for emergencies', () => {
  let network: TestNetwork;
  let patient: TestPatient;
  let folder: string;
  let out: string;
  let saved: number;
  before(async () => {
    network = await startTestNetwork({ hospitals: ALL });
    await network.settle();
    patient = await enrolledPatient(network, ['North', 'South']);
    await handIn(network, 'North', patient, [
      { category: 'result', text: BUNDLE },
      { category: 'medication', text: BUNDLE, sensitivity: ['HIV'] },
    ]);
    await network.settle();
    folder = await mkdtemp(join(tmpdir(), 'carelattice-emergency-'));
    out = join(folder, 'card.txt');
    saved = 0;
  });
  after(async () => {
    await network.close();
    await rm(folder, { recursive: true });
  });

  /** Nodes of these names do not answer, as a killed process does not. */
  const waysWithout = async (...down: readonly string[]) => {
    const ways = await waysInto(network, random);
    const { transport } = ways;
    const ask: typeof transport.ask = (node, sealed) =>
      down.includes(node.name)
        ? Promise.reject(new CarelatticeError('PeerUnreachable', 'no answer', { retryable: true }))
        : transport.ask(node, sealed);
    return { ...ways, transport: { ...transport, ask } };
  };
  const deskOf = async (...down: readonly string[]): Promise<CardDesk> => ({
    wallet: patient.wallet,
    manifest: network.manifest,
    ways: await waysWithout(...down),
    save: async () => {
      saved += 1;
    },
  });
  const make = async (
    custodians: readonly string[],
    at: string | undefined = 'South',
    more: { summary?: string; out?: string; labels?: string[] } = {},
    ...down: readonly string[]
  ): Promise<CardTold> =>
    makeCardByCommand(await deskOf(...down), {
      custodians,
      at,
      out: more.out ?? out,
      summary: more.summary === undefined ? undefined : orderOf(more.summary, more.labels),
    });
  const orderOf = (name: string, labels: readonly string[] = []) =>
    ({ file: join(folder, name), language: 'en', labels }) as const;
  const handInSummary = async (text: string): Promise<void> => {
    await handIn(network, 'North', patient, [{ category: SUMMARY_CATEGORY, text }]);
    await network.settle();
  };
  const open = async (
    options: Partial<OpenOptions> = {},
    ...down: readonly string[]
  ): Promise<string> => {
    const ways = await waysWithout(...down);
    const asked = {
      ...{ card: out, clinician: 'Dr. Mei Lin', licence: 'TW-30417' },
      ...{ reason: 'unconscious after a fall', ...options },
    };
    const lines: string[] = [];
    const { manifest } = network;
    await openByCommand(operatorAt(network, 'West'), asked, { manifest, ways }, (line) =>
      lines.push(line),
    );
    return lines.join('\n');
  };
  const cardAs = async (name: string, text: string): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, text);
    return path;
  };

  describe('make a card', () => {
    it('for three hospitals with a node, one of them hers for the summary, or change nothing', async () => {
      const wrong: [readonly string[], string | undefined, string][] = [
        [['North', 'East', 'Nowhere'], 'South', 'NodeUnknown'],
        [['North', 'East', 'West'], 'Nowhere', 'NodeUnknown'],
        [['North', 'East'], 'South', 'NotACustodian'],
        [['North', 'East', 'East'], 'South', 'NotACustodian'],
        [[...ALL], 'South', 'NotACustodian'],
        [['North', 'East', 'Keeper'], 'South', 'NotACustodian'],
        [['North', 'East', 'West'], 'East', 'NotInRelations'],
        [[], 'South', 'BadOption'],
      ];
      for (const [custodians, at, code] of wrong)
        expect(await codeOf(() => make(custodians, at)), custodians.join()).to.equal(code);
      const withoutAt = { custodians: ['North', 'East', 'West'], out };
      expect(await codeOf(async () => makeCardByCommand(await deskOf(), withoutAt))).to.equal(
        'BadOption',
      );
      for (const act of [showCardByCommand, endByCommand])
        expect(await codeOf(async () => act(await deskOf(), { custodians: [], out }))).to.equal(
          'BadOption',
        );
      expect((await withdrawCardByCommand(await deskOf())).lines).to.deep.equal([
        'She has no emergency card.',
      ]);
      expect(saved).to.equal(0);
      expect(await codeOf(() => readCardFile(out))).to.equal('NoCardFile');
    });

    it('not while a hospital that is to keep a share is down, and say which', async () => {
      const refused = await make(['North', 'East', 'West'], 'South', {}, 'East').catch(
        (error: unknown) => error,
      );
      expect(refused).to.include({ code: 'PeerUnreachable', retryable: true });
      expect(refused).to.have.property('facts').that.deep.equals({ node: 'East' });
      expect(saved).to.equal(0);
    });

    it('with a summary that says what she lets it say, and files of hers alone', async () => {
      const { lines, ok } = await make(['North', 'East', 'West'], 'South', {
        summary: 'summary.json',
      });
      const text = lines.join('\n');
      expect([ok, saved]).to.deep.equal([true, 1]);
      expect(text).to.contain('EMERGENCY CARD\nNetwork: test   Card: 1');
      expect(text).to.contain('made of 1 record. It keeps silent about 1 that');
      const summary = join(folder, 'summary.json');
      expect(JSON.parse(await readFile(summary, 'utf8'))).to.include({ type: 'document' });
      if (process.platform !== 'win32')
        for (const path of [summary, out]) expect((await stat(path)).mode & 0o777).to.equal(0o600);
      expect((await readCardFile(out)).patientId).to.equal(patient.network.patientId);
    });

    it('not over a file that is no card of hers, and not over a summary', async () => {
      const { cardEpoch, ...card } = await readCardFile(out);
      const hers = cardText({ ...card, cardEpoch, patientId: toHex(random(32)) });
      const others = await cardAs('other-card.txt', hers);
      const diary = await cardAs('diary.txt', 'Dear diary');
      for (const path of [others, diary]) {
        const before = await readFile(path, 'utf8');
        const made = () => make(['North', 'East', 'West'], 'South', { out: path });
        expect(await codeOf(made)).to.equal('SecretFileExists');
        expect(await readFile(path, 'utf8')).to.equal(before);
      }
      const nowhere = () =>
        make(['North', 'East', 'West'], 'South', { summary: 'nowhere/summary.json' });
      expect(await codeOf(nowhere)).to.equal('FolderMissing');
      const again = () => make(['North', 'East', 'West'], 'South', { summary: 'summary.json' });
      expect(await codeOf(again)).to.equal('SecretFileExists');
      expect(patient.network.card?.cardEpoch).to.equal(cardEpoch);
    });

    it('not of nothing: where no record may be told there is no summary', async () => {
      const other = await enrolledPatient(network, ['North']);
      const desk = { ...(await deskOf()), wallet: other.wallet };
      const options = {
        ...{ custodians: ['North', 'East', 'West'], at: 'North', out: join(folder, 'none.txt') },
        summary: orderOf('none.json'),
      };
      expect(await codeOf(() => makeCardByCommand(desk, options))).to.equal('NoRecords');
      expect(other.network.card).to.equal(undefined);
    });

    it('and show it once more with what it opens', async () => {
      const before = await readFile(out, 'utf8');
      const show = async (...down: readonly string[]) =>
        (await showCardByCommand(await deskOf(...down), { custodians: [], out })).lines.at(-1);
      expect(await show()).to.contain('opens nothing yet: South holds no summary');
      await handInSummary('her summary');
      expect(await show()).to.equal('South holds the summary that it opens.');
      expect(await show('South')).to.contain('not known (PeerUnreachable)');
      expect(await readFile(out, 'utf8')).to.equal(before);
    });
  });

  describe('open the summary', () => {
    it('not with an edited card, another file, a card of nobody or of another network', async () => {
      const line = await readFile(out, 'utf8');
      const card = await readCardFile(out);
      const [at, other] = [line.length - 40, line.at(-40) === 'A' ? 'B' : 'A'];
      const edited = `${line.slice(0, at)}${other}${line.slice(at + 1)}`;
      const wrong: [string, string][] = [
        [await cardAs('edited.txt', edited), 'CardMalformed'],
        [await cardAs('empty.txt', ''), 'CardMalformed'],
        [join(folder, 'summary.json'), 'CardMalformed'],
        [join(folder, 'nowhere.txt'), 'NoCardFile'],
        [folder, 'NoCardFile'],
        [
          await cardAs('guessed.txt', cardText({ ...card, secret: toHex(random(32)) })),
          'CardUnknown',
        ],
        [
          await cardAs('elsewhere.txt', cardText({ ...card, networkId: toHex(random(32)) })),
          'NotThisNetwork',
        ],
      ];
      for (const [path, code] of wrong)
        expect(await codeOf(() => open({ card: path })), path).to.equal(code);
      // Found by its own secret, and refused for another patient.
      const mixed = await cardAs('mixed.txt', cardText({ ...card, patientId: toHex(random(32)) }));
      expect(await codeOf(() => open({ card: mixed }))).to.equal('TooFewCustodians');
    });

    it('not without a reason, a clinician, her licence, or for too long', async () => {
      expect(await codeOf(() => open({ reason: ' ' }))).to.equal('ReasonMissing');
      expect(await codeOf(() => open({ clinician: '' }))).to.equal('LicenceRefused');
      expect(await codeOf(() => open({ licence: ' ' }))).to.equal('LicenceRefused');
      expect(await codeOf(() => open({ lasting: '73h' }))).to.equal('EmergencyTooLong');
      for (const lasting of ['0h', '-1h', '1.5h', 'a day', '12'])
        expect(await codeOf(() => open({ lasting })), lasting).to.equal('BadOption');
    });

    it('not for a file that could not be written', async () => {
      const taken = join(folder, 'summary.json');
      expect(await codeOf(() => open({ out: taken }))).to.equal('SecretFileExists');
      const nowhere = join(folder, 'nowhere', 'summary.json');
      expect(await codeOf(() => open({ out: nowhere }))).to.equal('FolderMissing');
      const below = join(taken, 'summary.json'); // a file is no folder
      expect(await codeOf(() => open({ out: below }))).to.equal('FolderMissing');
    });

    it('and tell who gave it, with which receipts, and what it says', async () => {
      const file = join(folder, 'opened.json');
      const text = await open({ out: file, lasting: '2h' });
      expect(text).to.match(/^Opened in an emergency for Dr\. Mei Lin \(licence TW-30417\): unc/);
      expect(text).to.match(/Shares of the key came from (North|East|West) and (East|West)\./);
      expect(text).to.match(/Receipts: \w+ number 1, \w+ number 1 and South number 1; each/);
      expect(text).to.contain('The request and the receipts stand on the chain; the request is 0x');
      expect(text).to.match(/\nher summary$/);
      expect(await readFile(file, 'utf8')).to.equal('her summary');
      await network.settle();
    });

    it('at a custodian that holds it too when the hospital of the card is down', async () => {
      const text = await open({}, 'South');
      expect(text).to.match(/and North number \d+; each is signed/);
      expect(text).to.match(/\nher summary$/);
      await network.settle();
    });

    it('not with one custodian, and say what each answered', async () => {
      const refused = await open({}, 'North', 'West').catch((error: unknown) => error);
      expect(refused).to.include({ code: 'TooFewCustodians' });
      expect(refused)
        .to.have.nested.property('facts.custodians')
        .that.deep.equals(['North: PeerUnreachable', 'East: released', 'West: PeerUnreachable']);
    });

    it('not when no hospital that holds it is there, and name the one of the card', async () => {
      const other = await enrolledPatient(network, ['South']);
      await handIn(network, 'South', other, notes(1, SUMMARY_CATEGORY));
      await network.settle();
      const hers = join(folder, 'hers.txt');
      await makeCardByCommand(
        { ...(await deskOf()), wallet: other.wallet },
        { custodians: ['North', 'East', 'West'], at: 'South', out: hers },
      );
      const refused = await open({ card: hers }, 'South').catch((error: unknown) => error);
      expect(refused).to.include({ code: 'PeerUnreachable', retryable: true });
      expect(refused).to.have.property('facts').that.deep.equals({ node: 'South' });
    });
  });

  describe('show what came of it', () => {
    const hostile = 'a fall\u001b[2J\nMallory: nothing happened\u202e';

    it('to the patient, once for each event, whoever is down', async () => {
      const shown = async (...down: readonly string[]) =>
        showInbox(patient.wallet, network.manifest, await waysWithout(...down));
      const { lines, items, ok } = await shown();
      const text = lines.join('\n');
      expect(ok).to.equal(true);
      expect(lines[0]).to.equal(`Her inbox holds ${items.length} notices.`);
      expect(text).to.contain('emergency: South gave West her emergency summary');
      expect(text).to.contain('emergency: East gave West a share of the key of her summary');
      expect(text).to.contain(
        'for Dr. Mei Lin (licence TW-30417), who said: unconscious after a fall',
      );
      expect(text).to.contain('receipt number 1, signed by South');
      expect(text).to.not.contain('NOT SIGNED');
      expect(text).to.contain('waiting at North, South');

      const half = await shown('North');
      expect(half.ok).to.equal(false);
      expect(half.lines[0]).to.contain('NOT ALL HER HOSPITALS ANSWERED');
      expect(half.lines[1]).to.match(/^North did not answer \(PeerUnreachable\)/);
      expect(half.items).to.not.have.length(0);

      const ways = await waysWithout();
      const dropped = (some: typeof items) =>
        dropShown(patient.wallet, network.manifest, ways, some);
      expect(await dropped(items.slice(1))).to.deep.equal([]);
      expect((await shown()).lines[0]).to.equal('Her inbox holds 1 notice.');
      expect(await dropped(items)).to.deep.equal([]);
      expect((await shown()).lines).to.deep.equal(['Her inbox holds 0 notices.']);
    });

    it('with a warning where a receipt is not signed, and what does not open as such', async () => {
      await open();
      await network.settle();
      const shown = async () => showInbox(patient.wallet, network.manifest, await waysWithout());
      const genuine = (await shown()).items[0]?.notice;
      if (genuine?.kind !== 'emergency-share') throw new Error('a share was given');
      const { networkId, patientId } = patient.network;
      const { key } = await inboxKeyOf(patient.wallet, patient.network);
      const { inbox } = network.node('North').open.components;
      const from = network.node('East').self.nodeId;
      const address = { networkId, patientId, from, id: toHex(random(32)) };
      const forged = { ...genuine, receipt: { ...genuine.receipt, n: 99 } };
      inbox.add({ ...address, arrived: 1, sealed: await sealNotice(key, address, forged) });
      inbox.add({ ...address, id: toHex(random(32)), arrived: 1, sealed: '0x00' });
      const { lines, items } = await shown();
      const text = lines.join('\n');
      expect(text.match(/THE RECEIPT IS NOT SIGNED by \w+: keep this/g)).to.have.length(1);
      expect(text).to.match(/not open with her key\n {4}told by East, waiting at North/);
      const ways = await waysWithout();
      await dropShown(patient.wallet, network.manifest, ways, items);
    });

    it('hostile: and keeps both when she drops the rest, whatever name a liar gives to that', async () => {
      const { wallet, network: own } = patient;
      const ways = await waysWithout();
      const show = () => showInbox(wallet, network.manifest, ways);
      const before = await show();
      const kept = before.items.map(({ notice, sources }) => ({ notice, sources }));
      expect(before.lines[0]).to.equal('Her inbox holds 2 notices.');
      const unsigned = kept.find(({ notice }) => notice !== undefined)?.sources[0];
      if (unsigned === undefined) throw new Error('the one before left it');
      const { key } = await inboxKeyOf(wallet, own);
      const add = async (id: typeof unsigned.id, text: string): Promise<void> => {
        const { networkId, patientId } = own;
        const address = { networkId, patientId, from: unsigned.from, id };
        const notice = { kind: 'account', at: 1, matter: 'test', text } as const;
        const sealed = await sealNotice(key, address, notice);
        network.node('South').open.components.inbox.add({ ...address, arrived: 1, sealed });
      };
      await add(unsigned.id, 'harmless, with the name of the other');
      await add(toHex(random(32)), 'harmless');
      const { items } = await show();
      expect(items).to.have.length(4);
      expect(await dropByCommand(wallet, network.manifest, ways, items)).to.deep.equal([
        'Dropped: they are not shown again.',
        'Not dropped: 2 notices whose receipt is not signed, or that did not open. Keep them.',
      ]);
      const left = await show();
      const still = left.items.map(({ notice, sources }) => ({ notice, sources }));
      expect(still).to.deep.include.members(kept);
      expect(left.lines.join('\n')).to.contain('THE RECEIPT IS NOT SIGNED');
      expect(await dropByCommand(wallet, network.manifest, ways, before.items)).to.deep.equal([
        'Not dropped: 2 notices whose receipt is not signed, or that did not open. Keep them.',
      ]);
    });

    it('to nobody who is enrolled nowhere', async () => {
      const wallet = { ...patient.wallet, networks: {} };
      const ways = await waysWithout();
      const asked = () => showInbox(wallet, network.manifest, ways);
      expect(await codeOf(asked)).to.equal('NotInRelations');
    });

    it('to a person at each hospital, as lines of this program whatever the asker wrote', async () => {
      const text = await open({ reason: hostile, clinician: 'Dr.\r\nEve' });
      await network.settle();
      const { nodes } = await waysWithout();
      const queue = operatorAt(network, 'South');
      const review = (await reviewLines(queue, 'South', nodes)).join('\n');
      const { lines } = await showInbox(patient.wallet, network.manifest, await waysWithout());
      for (const shown of [text, review, lines.join('\n')]) {
        expect(shown).to.contain('a fall [2J Mallory: nothing happened');
        expect(shown).to.contain('Dr. Eve');
        expect(shown).to.not.match(/[\u001b\u202e\r]|\nMallory/);
      }
      expect(review).to.contain(': released\n    asked by West, Dr. Eve (licence TW-30417)');
    });

    it('and close a review once, with what was found', async () => {
      const queue = operatorAt(network, 'South');
      const [first] = await queue.reviews();
      const digest = first?.requestDigest ?? '0x';
      const close = (verdict: string) => () => closeReviewByCommand(queue, digest, verdict);
      expect(await codeOf(close(' '))).to.equal('BadOption');
      expect((await close('called the ward')())[0]).to.contain(digest);
      expect(await codeOf(close('called again'))).to.equal('NoSuchReview');
      for (const { requestDigest } of await queue.reviews())
        await closeReviewByCommand(queue, requestDigest, 'called the ward');
      const { nodes } = await waysWithout();
      expect(await reviewLines(queue, 'South', nodes)).to.deep.equal([
        'No emergency access waits for a review at South.',
      ]);
    });
  });

  describe('end it', () => {
    // A patient has five emergencies a day.
    before(() => passTime(network, 86_400));

    it('not while a hospital of hers cannot take the new key', async () => {
      const before = structuredClone(patient.network);
      const ended = async () => endByCommand(await deskOf('South'), { custodians: [], out });
      expect(await codeOf(ended)).to.equal('PeerUnreachable');
      expect(patient.network).to.deep.equal(before);
    });

    it('with a new key and a new card for the same hospitals; the old card is dead', async () => {
      const old = await cardAs('old.txt', await readFile(out, 'utf8'));
      const { lines, ok } = await endByCommand(await deskOf(), {
        ...{ custodians: [], out },
        summary: orderOf('summary-2.json', ['HIV']),
      });
      expect(ok).to.equal(true);
      expect(lines.join('\n')).to.contain('made of 2 records.\n');
      expect(patient.network.epochs[SUMMARY_CATEGORY]).to.equal(1);
      await network.settle();
      expect(await codeOf(() => open({ card: old }))).to.equal('CardUnknown');
      expect(await codeOf(() => open())).to.equal('NoSummary');
      await handInSummary('written anew');
      expect(await open()).to.match(/\nwritten anew$/);
    });

    it('tells her when it came half way, and keeps how far', async () => {
      const desk = await deskOf();
      const { transport } = desk.ways;
      let asked = 0;
      // The three are there, the first takes its share, then the second is gone.
      const ask: typeof transport.ask = (node, sealed) => {
        asked += node.name === 'East' ? 1 : 0;
        return node.name === 'East' && asked > 1
          ? Promise.reject(new CarelatticeError('PeerUnreachable', 'gone', { retryable: true }))
          : transport.ask(node, sealed);
      };
      const before = saved;
      const made = () =>
        makeCardByCommand(
          { ...desk, ways: { ...desk.ways, transport: { ...transport, ask } } },
          { custodians: ['North', 'East', 'West'], at: 'South', out },
        );
      expect(await codeOf(made)).to.equal('CardNotTaken');
      expect(saved).to.equal(before + 1);
      expect((await make(['North', 'East', 'West'])).ok).to.equal(true);
      expect(await open()).to.match(/\nwritten anew$/);
    });

    it('for good when she withdraws her card, and names who has not heard of it', async () => {
      const half = await withdrawCardByCommand(await deskOf('East'));
      expect(half.ok).to.equal(false);
      expect(half.lines.join('\n')).to.contain('NOT TOLD: East could not be reached');
      expect(await codeOf(() => open())).to.equal('TooFewCustodians');
      const { lines, ok } = await withdrawCardByCommand(await deskOf());
      expect(ok).to.equal(true);
      expect(lines).to.have.length(1);
      expect(await codeOf(() => open())).to.equal('CardUnknown');
      const shown = async () => showCardByCommand(await deskOf(), { custodians: [], out });
      expect(await codeOf(shown)).to.equal('BadOption');
    });
  });
});
