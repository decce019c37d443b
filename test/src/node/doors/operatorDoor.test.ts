import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { CarelatticeError } from '../../../../src/errors.ts';
import type { Hex } from '../../../../src/hash/bytes.ts';
import { type Operator, operatorOf } from '../../../../src/node/doors/operatorClient.node.ts';
import { openOperatorDoor } from '../../../../src/node/doors/operatorDoor.node.ts';
import { newTlsIdentity } from '../../../../src/node/doors/tlsIdentity.node.ts';
import { codeOf } from '../../../support/codeOf.ts';
import {
  bundleOf,
  enrolledPatient,
  random,
  readNotes,
  startTestNetwork,
  type TestNetwork,
  type TestPatient,
} from '../../../support/edgeNetwork.ts';

describe("the operator's door", function () {
  this.timeout(60_000);
  let network: TestNetwork;
  let patient: TestPatient;
  let operator: Operator;
  let close: () => Promise<void>;
  let reads = readNotes;

  before(async () => {
    network = await startTestNetwork({ consensus: ['Keeper'] });
    await network.settle();
    patient = await enrolledPatient(network, ['North']);
    const directory = await mkdtemp(join(tmpdir(), 'carelattice-operator-'));
    const door = await openOperatorDoor({
      directory,
      identity: newTlsIdentity('North'),
      node: network.node('North').open,
      role: 'recording',
      read: (bytes, ...more) => reads(bytes, ...more),
      state: () => 'admitted',
      arrived: () => undefined,
      random,
    });
    operator = await operatorOf(directory);
    close = async () => {
      operator.close();
      await door.close();
      await rm(directory, { recursive: true });
      await network.close();
    };
  });
  after(() => close());

  const handIn = async (text: string, amends: string[] = []): Promise<Hex> => {
    const bundle = bundleOf(patient, [{ category: 'result', text }]);
    const taken = await operator.handIn(bundle, undefined, amends);
    return ('records' in taken ? taken.records[0]?.recordId : undefined) as Hex; // one record was handed in
  };
  const authored = (recordId: Hex) =>
    network.node('North').open.components.author.authoredById(recordId);

  it('takes records, new versions of them, and that one was written in error', async () => {
    const first = await handIn('first');
    const next = await handIn('second', [first]);
    expect(authored(next)).to.include({ previousVersion: first, status: 'current' });
    expect(await handIn('second', [first]), 'asked again').to.equal(next);
    const taken = await operator.enterInError([next]);
    const [mark] = 'records' in taken ? taken.records : [];
    expect(authored(mark?.recordId as Hex)).to.include({
      previousVersion: next,
      status: 'entered-in-error',
    });
  });

  it('hostile: passes on no refusal whose code or message would write on the screen', async () => {
    const refused = async (code: string): Promise<unknown> => {
      reads = () => Promise.reject(new CarelatticeError(code, 'no\u001b[2J\nAll is well'));
      try {
        return await operator.handIn(bundleOf(patient, []));
      } catch (error) {
        return error;
      } finally {
        reads = readNotes;
      }
    };
    expect(await refused('Busy')).to.include({ code: 'Busy', message: 'no [2J All is well' });
    const error = await refused('Busy)\u001b[2J\n');
    expect(error).to.include({ code: 'MalformedBody' });
    expect(String(error)).to.not.match(/[\u001b\n]/);
  });

  it('refuses what is no record id and what has a newer version', async () => {
    const first = await handIn('third');
    await handIn('fourth', [first]);
    expect(await codeOf(() => handIn('fifth', [first]))).to.equal('AlreadyAmended');
    expect(await codeOf(() => handIn('fifth', ['0x12']))).to.equal('BadRecordId');
    expect(await codeOf(() => operator.enterInError(['first']))).to.equal('BadRecordId');
    expect(await codeOf(() => operator.enterInError([]))).to.equal('NothingToAmend');
    expect(await codeOf(() => operator.enterInError([first]))).to.equal('AlreadyAmended');
  });
});
