import { expect } from 'chai';
import { ask } from '../../src/client/ask.ts';
import { inboxToken } from '../../src/client/inbox/inboxToken.ts';
import type { Hex } from '../../src/hash/bytes.ts';
import { MessageType } from '../../src/wire/envelope.ts';
import { decodeMessage, encodeMessage } from '../../src/wire/messages.ts';
import { patientRecordsAnswer } from '../../src/wire/readMessages.ts';
import {
  enrolledPatient,
  handIn,
  knownNode,
  notes,
  random,
  startTestNetwork,
  type TestNetwork,
  type TestPatient,
} from '../support/edgeNetwork.ts';
import { flipped } from '../support/hostileNetwork.ts';

describe('a patient who asks for the records behind one that is not hers', () => {
  let network: TestNetwork;
  before(async () => {
    network = await startTestNetwork({ hospitals: ['North'], consensus: ['Keeper'] });
    await network.settle();
  });
  after(() => network.close());

  it('learns nothing of it: a foreign record looks as an absent one', async () => {
    const patient = await enrolledPatient(network, ['North']);
    const stranger = await enrolledPatient(network, ['North']);
    await handIn(network, 'North', patient, notes(2));
    await network.settle();
    const { records } = await handIn(network, 'North', stranger, notes(1));
    await network.settle();
    const foreign = records[0]!.anchor;
    const behind = async (of: TestPatient, after: Hex): Promise<number> => {
      const north = knownNode(network, 'North');
      const { components } = network.node('North').open;
      const token = inboxToken(of.wallet, of.network, north.nodeId, {
        now: components.now,
        random,
      });
      const body = encodeMessage({ token, after, limit: 10 });
      const { networkId } = network.manifest;
      const answer = await ask(
        network.transport,
        networkId,
        north,
        MessageType.PatientRecords,
        body,
      );
      return decodeMessage(patientRecordsAnswer, answer).records.length;
    };
    expect(await behind(patient, flipped(foreign))).to.equal(0);
    expect(await behind(patient, foreign)).to.equal(0);
    const own = network.node('North').open.components.holding.page(patient.network.patientId, 1);
    expect(await behind(patient, own[0]!.anchor)).to.equal(1);
  });
});
