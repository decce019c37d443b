import { expect } from 'chai';
import { patientFetch } from '../../src/client/inbox/inboxToken.ts';
import type { Wallet } from '../../src/client/wallet/wallet.ts';
import { type Hex, ZERO_32 } from '../../src/hash/bytes.ts';
import type { HeldRecord } from '../../src/journal/holdingTables.ts';
import { rawCidOfDigest } from '../../src/store/cid.ts';
import type { GatewayTicket } from '../../src/wire/readMessages.ts';
import type { ReadPackage } from '../../src/wire/readPackage.ts';
import { readerNamed, revokeFrom } from '../support/consents.ts';
import {
  enrolledPatient,
  handIn,
  notes,
  random,
  startTestNetwork,
  type TestNetwork,
  type TestPatient,
} from '../support/edgeNetwork.ts';
import { flipped } from '../support/hostileNetwork.ts';
import {
  askToRead,
  fetchWithTicket,
  grantedPackage,
  type NamedReader,
  passTo,
  readerTicketOf,
  readQuestionOf,
  requestDigestOf,
  type SpoiltTicket,
  untilReleased,
} from '../support/reading.ts';
import { TICKET_HEADER } from '../../src/wire/readMessages.ts';

describe('a gateway that is shown a ticket', function () {
  this.timeout(60_000);
  let network: TestNetwork;
  let patient: TestPatient;
  let stranger: TestPatient;
  let mine: HeldRecord;
  let second: HeldRecord;
  let foreign: HeldRecord;

  before(async () => {
    network = await startTestNetwork({
      readers: ['Insurer', 'Other'],
      hospitals: ['North', 'South'],
    });
    await network.settle();
    patient = await enrolledPatient(network, ['North', 'South']);
    stranger = await enrolledPatient(network, ['North', 'South']);
    await handIn(network, 'North', patient, notes(1));
    await handIn(network, 'North', patient, notes(1, 'problem'));
    await handIn(network, 'North', stranger, notes(1, 'medication'));
    await network.settle();
    const { holding } = network.node('South').open.components;
    [second, mine] = holding.page(patient.network.patientId, 2) as [HeldRecord, HeldRecord];
    [foreign] = holding.page(stranger.network.patientId, 1) as [HeldRecord];
  });
  after(() => network.close());

  const record = ({ anchor, recordCid }: HeldRecord) => ({ owner: anchor, cid: recordCid });
  const wrap = ({ anchor, wrapCid }: HeldRecord) => ({ owner: anchor, cid: wrapCid });
  /** Held by nobody. */
  const absent = () => ({ owner: flipped(mine.anchor), cid: rawCidOfDigest(random(32)) });
  const get = (ticket: GatewayTicket, content: { owner: string; cid: string }) =>
    fetchWithTicket(network, 'South', ticket, content);

  /** Her request, honest but for what is given. */
  function hers(
    spoilt: {
      anchor?: Hex;
      gateway?: Hex;
      wallet?: Wallet;
      of?: TestPatient;
      life?: number;
      nonce?: Uint8Array;
    } = {},
  ): GatewayTicket {
    const of = spoilt.of ?? patient;
    const { components, self } = network.node('South').open;
    const clock = {
      now: () => components.now() - 300 + (spoilt.life ?? 300),
      random: (size: number) => spoilt.nonce ?? random(size),
    };
    const { anchor = ZERO_32, gateway = self.nodeId, wallet = of.wallet } = spoilt;
    return { kind: 'patient', ...patientFetch(wallet, of.network, gateway, anchor, clock) };
  }

  it('hostile 32: serves the patient’s own request, her records and their wraps', async () => {
    for (const content of [record(mine), wrap(mine), record(second), wrap(second)])
      expect((await get(hers(), content)).status).to.equal(200);
    expect((await get(hers({ anchor: mine.anchor }), record(mine))).status).to.equal(200);
  });

  it('hostile 32: answers another patient’s record byte for byte as an absent one', async () => {
    const nothing = await get(hers(), absent());
    expect(nothing.status).to.equal(404);
    for (const content of [
      record(foreign),
      wrap(foreign),
      { ...record(foreign), owner: mine.anchor },
      { ...record(mine), owner: foreign.anchor },
      { ...record(mine), owner: '' },
    ])
      expect(await get(hers(), content)).to.deep.equal(nothing);
    // A ticket for one record opens no other of hers.
    expect(await get(hers({ anchor: mine.anchor }), record(second))).to.deep.equal(nothing);
    expect(await get(hers({ anchor: foreign.anchor }), record(foreign))).to.deep.equal(nothing);
  });

  it('hostile 32, 34: refuses another’s signature, gateway, expiry or nonce with 401, all alike', async () => {
    const south = network.node('South').self.nodeId;
    const nonce = random(16);
    expect((await get(hers({ nonce }), record(mine))).status).to.equal(200);
    const ticket = hers();
    if (ticket.kind !== 'patient') throw new Error('hers is a patient’s');
    await get(ticket, record(mine));
    const tickets: Record<string, GatewayTicket> = {
      'signed by another patient': hers({ wallet: stranger.wallet }),
      'in the name of another patient': {
        ...hers(),
        patientId: stranger.network.patientId,
      } as GatewayTicket,
      'for another gateway': hers({ gateway: network.node('North').self.nodeId }),
      'for a flipped gateway': hers({ gateway: flipped(south) }),
      expired: hers({ life: 0 }),
      'expired long ago': hers({ life: -10_000 }),
      'living too long': hers({ life: 601 }),
      'shown before': ticket,
      'a nonce used before': hers({ nonce }),
      'the same nonce written otherwise': { ...ticket, nonce: `0${ticket.nonce}` },
      'another expiry than was signed': { ...hers(), expiry: ticket.expiry + 1 },
      'another anchor than was signed': { ...hers(), anchor: mine.anchor } as GatewayTicket,
      'no signature': { ...hers(), signature: '0x' },
      'a patient whom nobody knows': {
        ...hers(),
        patientId: flipped(patient.network.patientId),
      } as GatewayTicket,
    };
    const [first, ...others] = await Promise.all(
      Object.values(tickets).map((one) => get(one, record(mine))),
    );
    expect(first?.status).to.equal(401);
    others.forEach((answer, i) => expect(answer, Object.keys(tickets)[i + 1]).to.deep.equal(first));
    // What is asked for makes no difference either.
    expect(await get(hers({ life: 0 }), absent())).to.deep.equal(first);
  });

  it('refuses what is no ticket at all with 401', async () => {
    for (const header of ['', 'AAAA', 'not base64!', 'x'.repeat(100_000)]) {
      const answer = await network.node('South').open.gatewayDoor({
        method: 'GET',
        path: `/ipfs/${mine.recordCid}`,
        query: new URLSearchParams({ format: 'car' }),
        headers: { [TICKET_HEADER]: header, 'carelattice-owner': mine.anchor },
      });
      expect(answer.status).to.equal(401);
    }
  });

  describe('by a reader', () => {
    let insurer: NamedReader;
    let shown: ReadPackage;
    let digest: Hex;

    before(async () => {
      insurer = readerNamed(network, 'Insurer');
      shown = await grantedPackage(network, patient, insurer, 'South', { categories: ['result'] });
      const question = await readQuestionOf(network, insurer, shown);
      digest = requestDigestOf(insurer, question.request);
      await untilReleased(network, 'South', question);
    });

    const ticket = (spoilt: SpoiltTicket = {}, of = digest): GatewayTicket =>
      readerTicketOf(network, 'South', insurer, of, spoilt);

    it('serves the granted record, never its wrap or another record', async () => {
      expect((await get(ticket(), record(mine))).status).to.equal(200);
      const nothing = await get(ticket(), absent());
      expect(nothing.status).to.equal(404);
      for (const content of [
        wrap(mine),
        record(second),
        wrap(second),
        record(foreign),
        { ...record(second), owner: mine.anchor },
        { ...wrap(mine), owner: second.anchor },
      ])
        expect(await get(ticket(), content)).to.deep.equal(nothing);
    });

    it('hostile 34: refuses it replayed, late, for another gateway or request, or in another name, all alike', async () => {
      const used = ticket();
      expect((await get(used, record(mine))).status).to.equal(200);
      const other = readerNamed(network, 'Other');
      const now = network.node('South').open.components.now();
      const tickets: Record<string, GatewayTicket> = {
        replayed: used,
        expired: ticket({ fields: { expiry: now } }),
        'living too long': ticket({ fields: { expiry: now + 601 } }),
        'for another gateway': ticket({ fields: { gateway: network.node('North').self.nodeId } }),
        'for another request': ticket({}, flipped(digest)),
        'signed by another reader': ticket({ signingKey: other.signingKey }),
        'another reader’s own': readerTicketOf(network, 'South', other, digest),
        'a reader whom nobody knows': ticket({ fields: { reader: flipped(insurer.nodeId) } }),
      };
      const [first, ...others] = await Promise.all(
        Object.values(tickets).map((one) => get(one, record(mine))),
      );
      expect(first?.status).to.equal(401);
      others.forEach((answer, i) =>
        expect(answer, Object.keys(tickets)[i + 1]).to.deep.equal(first),
      );
      // At a gateway that granted nothing: as at one that never heard of her.
      const north = readerTicketOf(network, 'North', insurer, digest);
      expect(await fetchWithTicket(network, 'North', north, record(mine))).to.deep.equal(first);
    });

    it('refuses it before the release, and when the request is over', async () => {
      const question = await readQuestionOf(network, insurer, shown);
      const early = requestDigestOf(insurer, question.request);
      expect((await askToRead(network, 'South', question)).state).to.equal('anchoring');
      expect((await get(ticket({}, early), record(mine))).status).to.equal(401);
      await network.settle();
      // The receipt stands on chain, but the keys were not asked for.
      expect((await get(ticket({}, early), record(mine))).status).to.equal(401);
      await untilReleased(network, 'South', question);
      expect((await get(ticket({}, early), record(mine))).status).to.equal(200);
      await passTo(network, question.request.expiry);
      expect((await get(ticket({}, early), record(mine))).status).to.equal(401);
    });

    it('refuses it from the block of the revocation on', async () => {
      const question = await readQuestionOf(network, insurer, shown);
      await untilReleased(network, 'South', question);
      const of = requestDigestOf(insurer, question.request);
      expect((await get(ticket({}, of), record(mine))).status).to.equal(200);
      await revokeFrom(network, patient, shown);
      expect((await get(ticket({}, of), record(mine))).status).to.equal(401);
    });
  });
});
