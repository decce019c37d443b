import { expect } from 'chai';
import type { EmergencyCard } from '../../src/client/emergency/emergencyCardText.ts';
import { readInbox } from '../../src/client/inbox/inbox.ts';
import { whoLooked } from '../../src/client/reading/whoLooked.ts';
import { waysInto } from '../../src/localnet/ways.ts';
import { reviewOf } from '../../src/node/emergency/reviewQueue.ts';
import { emergencyTicket, requestEmergency } from '../../src/node/emergency/emergencyDesk.ts';
import { SUMMARY_CATEGORY } from '../../src/wire/emergencyMessages.ts';
import { fetchAll, ticketGateway } from '../../src/client/reading/gatewayTicket.ts';
import { endEmergency } from '../../src/client/emergency/endEmergency.ts';
import { makeEmergencyCard } from '../../src/client/emergency/emergencyCard.ts';
import type { EmergencyReading } from '../../src/client/emergency/breakGlass.ts';
import type {
  EmergencyDesk,
  StandingEmergency,
} from '../../src/client/emergency/askInEmergency.ts';
import { CarelatticeError } from '../../src/errors.ts';
import type { Hex } from '../../src/hash/bytes.ts';
import { codeOf } from '../support/codeOf.ts';
import {
  clientOf,
  enrolledPatient,
  handIn,
  knownNode,
  notes,
  random,
  startTestNetwork,
  type TestNetwork,
  type TestPatient,
  timeOf,
} from '../support/edgeNetwork.ts';
import {
  askShare,
  breakGlassAt,
  cardFor,
  clinicianAt,
  deskOf,
  emergencyWays,
  operatorAt,
  passTime,
  type TestClinician,
} from '../support/emergencies.ts';

const ALL = ['North', 'South', 'East', 'West'];
const HOUR = 3600;

describe('emergency access', () => {
  let network: TestNetwork;
  let patient: TestPatient;
  let card: EmergencyCard;
  let clinician: TestClinician;
  before(async () => {
    network = await startTestNetwork({ hospitals: ALL });
    await network.settle();
    patient = await enrolledPatient(network, ['North', 'South']);
    await handIn(network, 'North', patient, [...notes(1, SUMMARY_CATEGORY), ...notes(1)]);
    await network.settle();
    card = await cardFor(network, patient, ['North', 'East', 'West'], 'South');
    clinician = await clinicianAt(network, 'East');
  });
  after(() => network.close());

  const inbox = async (
    names: readonly string[],
    ...acknowledged: Parameters<typeof readInbox>[4][]
  ) =>
    readInbox(
      patient.wallet,
      patient.network,
      names.map((name) => knownNode(network, name)),
      await waysInto(network, random),
      ...acknowledged,
    );
  const outcomesAt = (name: string): string[] =>
    network
      .node(name)
      .open.components.emergencies.openReviews(100)
      .map(({ outcome }) => outcome);

  it('opens the summary at a hospital that she never saw, tells her at once, and keeps it for review', async () => {
    const reading = await breakGlassAt(network, card, clinician);
    expect(Buffer.from(reading.summary.body).toString()).to.equal('emergency-summary 1');
    expect(reading.releasedBy).to.have.length(2);

    await network.settle();
    const items = await inbox(['North', 'South']);
    expect(items.map(({ notice }) => notice?.kind).sort()).to.deep.equal([
      'emergency-share',
      'emergency-share',
      'emergency-summary',
    ]);
    for (const { notice } of items)
      expect(notice).to.include({
        clinician: 'Dr. Mei Lin',
        reason: 'unconscious after a fall',
        late: false,
      });

    const released = new Set([...reading.releasedBy, knownNode(network, 'South').nodeId]);
    for (const name of ALL) {
      const node = knownNode(network, name);
      const ways = await waysInto(network, random);
      const log = await whoLooked(patient.wallet, patient.network, node, ways);
      expect(log.verdict.kind, name).to.equal('ok');
      expect(log.openings.map(({ request }) => [request.purpose, request.basis])).to.deep.equal([
        ['ETREAT', reading.emergency],
      ]);
      expect(log.openings.map((opening) => opening.released)).to.deep.equal([
        released.has(node.nodeId),
      ]);
      expect(outcomesAt(name)).to.deep.equal(released.has(node.nodeId) ? ['released'] : []);
    }
  });

  it('shows one item of several nodes once, and drops it everywhere when she has read it', async () => {
    const items = await inbox(['North', 'South']);
    expect(items.filter(({ at }) => at.length === 2)).to.have.length(2);
    expect(await inbox(['North', 'South'], items)).to.deep.equal([]);
  });

  it('lets a person at the hospital close a review once, with a verdict', async () => {
    const operator = operatorAt(network, 'South');
    const [review] = await operator.reviews();
    const digest = review?.requestDigest ?? '0x';
    expect(review).to.include({ outcome: 'released', licence: 'TW-30417' });
    await operator.closeReview(digest, 'called the ward');
    expect(await codeOf(() => operator.closeReview(digest, 'again'))).to.equal('NoSuchReview');
    expect(await operator.reviews()).to.deep.equal([]);
    const kept = reviewOf(network.node('South').open.components, digest);
    expect(kept).to.include({ verdict: 'called the ward' });
  });

  describe('when it is over', () => {
    let first: EmergencyReading;
    it('hostile 22: ends by itself: no block and no share from then on', async () => {
      const ended = await deskOf(network, clinician);
      const digests: Hex[] = [];
      let asked: StandingEmergency | undefined;
      const desk: EmergencyDesk = {
        ...ended,
        async request(wish) {
          asked = await ended.request(wish);
          return asked;
        },
        async read(emergency, holder) {
          const read = await ended.read(emergency, holder);
          digests.push(read.digest);
          return read;
        },
      };
      const reading = await breakGlassAt(network, card, clinician, { desk, lasting: HOUR });
      first = reading;
      const south = knownNode(network, 'South');
      const { components } = network.node('East').open;
      const held = network.node('South').open.components.holding;
      const summary = held.held(reading.summary.anchor);
      const other = held
        .page(patient.network.patientId, 10)
        .find(({ handle }) => handle !== summary?.handle);
      const block = (anchor: Hex, cid: string, size: number) => () =>
        fetchAll(
          ticketGateway(network.gateway, south, () =>
            emergencyTicket(components, south.nodeId, digests.at(-1) ?? '0x'),
          ),
          [{ owner: anchor, cid, size }],
        );
      if (summary === undefined || other === undefined) throw new Error('South holds both');
      const { anchor, recordCid, recordSize, wrapCid, wrapSize } = summary;
      expect(await codeOf(block(anchor, recordCid, recordSize))).to.equal('none');
      expect(await codeOf(block(anchor, wrapCid, wrapSize))).to.equal('none');
      // Outside the summary: hers too, and held there.
      const outside = [
        block(other.anchor, other.recordCid, other.recordSize),
        block(other.anchor, other.wrapCid, other.wrapSize),
        block(anchor, other.recordCid, other.recordSize),
      ];
      for (const attempt of outside) expect(await codeOf(attempt)).to.equal('ContentNotFound');

      await passTime(network, HOUR);
      expect(await codeOf(block(anchor, recordCid, recordSize))).to.not.equal('none');
      expect(await codeOf(block(anchor, wrapCid, wrapSize))).to.not.equal('none');
      // Neither the old questions nor new ones under the same emergency.
      if (asked === undefined) throw new Error('the hospital was asked');
      const same = asked;
      const again = { ...ended, request: () => Promise.resolve(same) };
      const once = codeOf(() => breakGlassAt(network, card, clinician, { desk: again }));
      expect(await once).to.equal('TooFewCustodians');
      expect(outcomesAt('North').slice(-1)).to.deep.equal(['EmergencyEnded']);
    });

    it('leaves the old card dead and the released shares without a use', async () => {
      const { wallet, network: own } = patient;
      const plan = {
        custodians: ['North', 'South', 'West'].map((name) => knownNode(network, name)),
        holder: knownNode(network, 'North'),
      };
      const { card: renewed, notTold } = await endEmergency(wallet, own, clientOf(network), plan);
      expect(notTold).to.deep.equal([]);
      await network.settle();
      expect(await codeOf(() => breakGlassAt(network, card, clinician))).to.equal('CardUnknown');
      // The summary is written anew under the new key.
      expect(await codeOf(() => breakGlassAt(network, renewed, clinician))).to.equal('NoSummary');
      await handIn(network, 'North', patient, [{ category: SUMMARY_CATEGORY, text: 'anew' }]);
      await network.settle();
      const reading = await breakGlassAt(network, renewed, clinician);
      expect(Buffer.from(reading.summary.body).toString()).to.equal('anew');
      expect(reading.summary.anchor).to.not.equal(first.summary.anchor);
      card = renewed;
    });

    it('does not take back an old card', async () => {
      const { wallet } = patient;
      const older = structuredClone(patient.network);
      if (older.card !== undefined) older.card.cardEpoch = 0;
      const plan = {
        custodians: ['North', 'South', 'West'].map((name) => knownNode(network, name)),
        holder: knownNode(network, 'North'),
      };
      const made = () => makeEmergencyCard(wallet, older, clientOf(network), plan);
      expect(await codeOf(made)).to.equal('CustodyStale');
    });
  });

  describe('when the chain stands still', () => {
    /** Everybody's own clock goes on, the chain makes no block. */
    const standStill = async (seconds: number): Promise<void> => {
      const own = ((await timeOf(network)) + seconds) * 1000;
      for (const node of network.hospitals) {
        await node.stop();
        await node.start({ milliseconds: () => own });
      }
    };
    after(async () => {
      for (const node of network.hospitals) {
        await node.stop();
        await node.start();
      }
    });
    /** The nodes step, no block is made. */
    const pause = async (): Promise<void> => {
      for (const { open } of network.nodes) await open.tick();
    };

    it('is not waited for: the summary opens, marked late, and everything is anchored when it is back', async () => {
      await standStill(601);
      const stood = { ...(await emergencyWays(network)), pause };
      const usual = await deskOf(network, clinician);
      const { components } = network.node('East').open;
      const { sender } = components;
      let signed: StandingEmergency | undefined;
      // The asking hospital goes down with its request: the custodians bring it.
      const desk: EmergencyDesk = {
        ...usual,
        async request(wish) {
          const licence = { licence: clinician.licence, signature: clinician.licenceSignature };
          const silent: typeof sender = {
            ...sender,
            send: () => Promise.reject(new CarelatticeError('Reverted', 'not sent')),
          };
          signed = await requestEmergency({ ...components, sender: silent }, { ...wish, licence });
          return signed;
        },
      };
      const block = await network.chain.rpc.send('eth_blockNumber', []);
      const reading = await breakGlassAt(network, card, clinician, { desk, network: stood });
      expect(Buffer.from(reading.summary.body).toString()).to.equal('anew');
      expect(reading.late).to.equal(true);
      expect(await network.chain.rpc.send('eth_blockNumber', [])).to.equal(block);
      const { ledger } = components.contracts;
      const stands = async (): Promise<boolean> => {
        const [, since] = await ledger.call('emergencyOf', [reading.emergency], 'latest');
        return since > 0n;
      };
      expect(await stands()).to.equal(false);

      await passTime(network, 700);
      expect(await stands()).to.equal(true);
      const released = ALL.filter((name) =>
        reading.releasedBy.includes(network.node(name).self.nodeId),
      );
      expect(released).to.have.length(2);
      for (const name of released) {
        const open = network.node(name).open.components;
        expect(open.emergencies.toPost()).to.deep.equal([]);
        const node = knownNode(network, name);
        const ways = await waysInto(network, random);
        const log = await whoLooked(patient.wallet, patient.network, node, ways);
        expect(log.verdict.kind, name).to.equal('ok');
        expect(log.openings.at(-1)?.request.basis).to.equal(reading.emergency);
      }
      const items = await inbox(['North', 'South']);
      const told = items.filter(({ notice }) => notice?.kind !== 'account');
      expect(told.map(({ notice }) => notice?.kind !== 'account' && notice?.late)).to.include(true);
      expect(signed?.id).to.equal(reading.emergency);
    });

    it('counts as standing only after ten minutes', async () => {
      await standStill(599);
      const attempt = askShare(network, card, clinician, 'West', { isHidden: true });
      expect(await attempt).to.equal('EmergencyNotStanding');
    });

    it('hostile 22: comes to its end by the clocks of the custodians', async () => {
      const now = await timeOf(network);
      await standStill(2 * HOUR);
      const emergency = { requestedAt: now, expiry: now + HOUR };
      const attempt = askShare(network, card, clinician, 'West', { isHidden: true, emergency });
      expect(await attempt).to.equal('EmergencyEnded');
    });
  });
});
