import { expect } from 'chai';
import { ask } from '../../src/client/ask.ts';
import type { EmergencyDesk } from '../../src/client/emergency/askInEmergency.ts';
import { withdrawEmergencyCard } from '../../src/client/emergency/emergencyCard.ts';
import type { EmergencyCard } from '../../src/client/emergency/emergencyCardText.ts';
import { sealAtRest } from '../../src/crypto/atRest.ts';
import { cardLookUp } from '../../src/crypto/derivations.ts';
import { fromHex, type Hex, toHex } from '../../src/hash/bytes.ts';
import { MessageType } from '../../src/wire/envelope.ts';
import { encodeMessage } from '../../src/wire/messages.ts';
import { encodeReadPackage } from '../../src/wire/readPackage.ts';
import { consentFor, packageFor, readerNamed } from '../support/consents.ts';
import { SUMMARY_CATEGORY } from '../../src/wire/emergencyMessages.ts';
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
} from '../support/edgeNetwork.ts';
import {
  askShare,
  breakGlassAt,
  cardFor,
  clinicianAt,
  deskOf,
  emergencyWays,
  passTime,
  type TestClinician,
} from '../support/emergencies.ts';

const HOUR = 3600;

describe('emergency access, refused', () => {
  let network: TestNetwork;
  let patient: TestPatient;
  let card: EmergencyCard;
  let clinician: TestClinician;
  before(async () => {
    network = await startTestNetwork({ hospitals: ['North', 'South', 'East', 'West'] });
    await network.settle();
    patient = await enrolledPatient(network, ['North', 'South']);
    await handIn(network, 'North', patient, notes(1, SUMMARY_CATEGORY));
    await network.settle();
    card = await cardFor(network, patient, ['North', 'East', 'West'], 'South');
    clinician = await clinicianAt(network, 'East');
  });
  after(() => network.close());
  const reviewsAt = (name: string) =>
    network.node(name).open.components.emergencies.openReviews(100);

  it('goes on where it was after a custodian stopped between question and answer', async () => {
    const ways = await emergencyWays(network);
    const { nodeId } = network.node('North').self;
    let stops = 0;
    const transport: typeof ways.transport = {
      async ask(node, sealed) {
        const answer = await ways.transport.ask(node, sealed);
        // The look-up, the first question, the second one.
        if (node.nodeId === nodeId && stops++ < 3) {
          await network.node('North').stop();
          await network.node('North').start();
        }
        return answer;
      },
    };
    const reading = await breakGlassAt(network, card, clinician, {
      network: { ...ways, transport },
    });
    expect(reading.refusedBy.size).to.equal(0);
    expect(stops).to.be.above(1);
  });

  it('outvotes a node that names false custodians for a card', async () => {
    const { components } = network.node('South').open;
    const { patientId } = patient.network;
    const custodians = [1, 2, 3].map(() => toHex(random(32)));
    const lookUp = cardLookUp(fromHex(card.secret, 32), card.cardEpoch);
    const [holder, scopeKeyId, accessKey] = custodians;
    const lie = { lookUp, custodians, holder, scopeKeyId, accessKey, inboxKey: '0x00' };
    const content = encodeMessage({ ...lie, share: toHex(random(33)), inboxes: [] });
    const sealed = sealAtRest(components.self.journalKey, 'custody', content);
    components.emergencies.putCustody({ patientId, cardEpoch: 9, lookUp, content: sealed });
    const reading = await breakGlassAt(network, card, clinician);
    expect(reading.releasedBy).to.have.length(2);
    components.emergencies.putCustody({ patientId, cardEpoch: 9 });
  });

  it('ends with the card: a patient who takes it back is opened by nobody', async () => {
    const other = await enrolledPatient(network, ['North']);
    await handIn(network, 'North', other, notes(1, SUMMARY_CATEGORY));
    await network.settle();
    const hers = await cardFor(network, other, ['South', 'East', 'West'], 'North');
    await breakGlassAt(network, hers, clinician);
    const { wallet, network: own } = other;
    expect(await withdrawEmergencyCard(wallet, own, clientOf(network))).to.deep.equal([]);
    expect(await codeOf(() => breakGlassAt(network, hers, clinician))).to.equal('CardUnknown');
    for (const name of ['South', 'East', 'West']) {
      const kept = network.node(name).open.components.emergencies.custody(own.patientId);
      expect(kept).to.not.have.any.keys('lookUp', 'content');
    }
  });

  describe('hostile 21: break-glass without', () => {
    const cases: readonly [string, string, () => Promise<string>][] = [
      [
        'a licence',
        'LicenceRefused',
        () => askShare(network, card, clinician, 'West', { question: { licence: undefined } }),
      ],
      [
        'a licence of its own',
        'LicenceRefused',
        async () =>
          askShare(
            network,
            card,
            { ...(await clinicianAt(network, 'West')), hospital: 'East' },
            'West',
          ),
      ],
      [
        'a licence in force',
        'LicenceRefused',
        () => askShare(network, card, clinician, 'West', { licence: { notAfter: 1 } }),
      ],
      [
        "the licensed clinician's key",
        'LicenceRefused',
        async () => askShare(network, card, { ...clinician, kemSeed: random(32) }, 'West'),
      ],
      [
        'a reason',
        'ReasonMissing',
        () => askShare(network, card, clinician, 'West', { emergency: { reason: ' \n' } }),
      ],
      [
        'the purpose',
        'WrongPurpose',
        () => askShare(network, card, clinician, 'West', { request: { purpose: 'TREAT' } }),
      ],
      [
        'an end within 72 hours',
        'EmergencyTooLong',
        () => askShare(network, card, clinician, 'West', { emergency: { expiry: 2 ** 40 } }),
      ],
      [
        'the present card',
        'CardUnknown',
        () => askShare(network, { ...card, cardEpoch: 0 }, clinician, 'West'),
      ],
      ['named custodians', 'CardUnknown', () => askShare(network, card, clinician, 'South')],
    ];
    for (const [what, code, attempt] of cases) {
      it(`${what} is refused and kept for review`, async () => {
        expect(await attempt()).to.equal(code);
        const custodian = what === 'named custodians' ? 'South' : 'West';
        expect(reviewsAt(custodian).at(-1)?.outcome).to.equal(code);
      });
    }

    it('a request on the chain is refused until it stands there', async () => {
      expect(await askShare(network, card, clinician, 'West', { isHidden: true })).to.equal(
        'EmergencyNotStanding',
      );
    });

    it('a signature of the asking hospital is refused', async () => {
      const emergencySignature: Hex = `0x${'11'.repeat(65)}`;
      const asked = askShare(network, card, clinician, 'West', {
        question: { emergencySignature },
      });
      expect(await asked).to.equal('RequestNotProven');
    });

    it('a second custodian is refused', async () => {
      await network.node('North').stop();
      await network.node('West').stop();
      expect(await codeOf(() => breakGlassAt(network, card, clinician))).to.equal(
        'TooFewCustodians',
      );
      await network.node('North').start();
      await network.node('West').start();
    });

    it('any card of hers is refused', async () => {
      const other = await enrolledPatient(network, ['North']);
      const { networkId, patientId } = other.network;
      const made = { networkId, patientId, secret: card.secret, cardEpoch: 7 };
      expect(await codeOf(() => breakGlassAt(network, made, clinician))).to.equal('CardUnknown');
    });
  });

  it('hostile 22: gives no content key to a hospital that licensed its own node and asks as a reader', async () => {
    const { kemSeed } = network.node('East').self;
    const own = await clinicianAt(network, 'East', kemSeed);
    const usual = await deskOf(network, own);
    const asked: Awaited<ReturnType<typeof usual.read>>[] = [];
    const desk: EmergencyDesk = {
      ...usual,
      async read(emergency, holder) {
        const read = await usual.read(emergency, holder);
        asked.push(read);
        return read;
      },
    };
    await breakGlassAt(network, card, own, { desk, lasting: HOUR / 2 });
    const last = asked.at(-1);
    expect(last?.request.holder).to.equal(network.node('South').self.nodeId);
    const consent = await consentFor(network, patient, readerNamed(network, 'East'));
    const shown = encodeReadPackage(packageFor(network, patient, consent, 'South'));
    const { request, signature } = last ?? {};
    const body = encodeMessage({ package: toHex(shown), request, signature, page: 0 });
    const { transport, manifest } = network;
    const south = knownNode(network, 'South');
    const attempt = () => ask(transport, manifest.networkId, south, MessageType.ReadRequest, body);
    expect(await codeOf(attempt)).to.equal('BasisMismatch');
  });

  it('grants a custodian one receipt for one request, however often it is asked at a time', async () => {
    const before = network.node('North').open.components.receipts.head().size;
    const clock = await emergencyWays(network);
    const usual = await deskOf(network, clinician);
    const transport: typeof clock.transport = {
      async ask(node, sealed) {
        const [first] = await Promise.all([
          clock.transport.ask(node, sealed),
          clock.transport.ask(node, sealed),
        ]);
        return first;
      },
    };
    await breakGlassAt(network, card, clinician, { desk: usual, network: { ...clock, transport } });
    const { receipts } = network.node('North').open.components;
    expect(receipts.head().size).to.equal(before + 1);
  });

  describe('asked too often', () => {
    it('is asked of one custodian thirty times an hour at most, refusals counted', async () => {
      const codes = new Set<string>();
      for (let n = 0; n < 30; n++)
        codes.add(await askShare(network, card, clinician, 'West', { emergency: { reason: '' } }));
      expect([...codes]).to.deep.equal(['ReasonMissing']);
      const kept = reviewsAt('West').length;
      expect(await askShare(network, card, clinician, 'West')).to.equal('TooManyEmergencies');
      expect(reviewsAt('West')).to.have.length(kept);
      await passTime(network, HOUR);
      expect(await askShare(network, card, clinician, 'West')).to.equal('none');
    });
  });
});
