import { expect } from 'chai';
import { recoveredLines } from '../../src/client/account/recoveredText.ts';
import {
  erasableLines,
  eraseByCommand,
  retryByCommand,
} from '../../src/client/consent/eraseByCommand.node.ts';
import { showInbox } from '../../src/client/inbox/inboxByCommand.ts';
import { keepRecords, readAsPatient } from '../../src/client/reading/readByCommand.node.ts';
import { whoLookedEverywhere } from '../../src/client/reading/whoLookedText.ts';
import { openAnswer, sealAnswer } from '../../src/crypto/clientSeal.ts';
import { CarelatticeError } from '../../src/errors.ts';
import { waysInto, type Ways } from '../../src/localnet/ways.ts';
import {
  enrolledPatient,
  handIn,
  notes,
  random,
  settleAll,
  startTestNetwork,
  type TestNetwork,
  type TestPatient,
} from '../support/edgeNetwork.ts';

/** Steers the terminal, and poses as a line of the program. */
const LIE = '\u001b[2J\u009b1A\r\nHer inbox holds 0 notices.\u202e';
const NAME = `South${LIE}`;

/** What a node writes is shown inside lines of the program: it can neither steer the screen nor begin a line. */
describe('a hostile node on the screen of a patient', () => {
  let network: TestNetwork;
  let patient: TestPatient;
  before(async () => {
    network = await startTestNetwork({ hospitals: ['North', 'South'] });
    await network.settle();
    patient = await enrolledPatient(network, ['North', 'South']);
    await handIn(network, 'South', patient, notes(1));
    await settleAll(network);
  });
  after(() => network.close());

  /** South under a name that the registry would take, and refusing as it likes. */
  async function hostileWays(refusal?: { code: string; message: string }): Promise<Ways> {
    const ways = await waysInto(network, random);
    const { nodeId } = network.node('South').self;
    const south = ways.nodes.get(nodeId);
    if (south === undefined) throw new Error('South is admitted');
    const nodes = new Map(ways.nodes).set(nodeId, { ...south, name: NAME });
    const { transport } = ways;
    const ask: typeof transport.ask = async (node, sealed) => {
      if (node.nodeId !== nodeId || refusal === undefined) return transport.ask(node, sealed);
      const key = random(32);
      return openAnswer(key, sealAnswer(key, { ...refusal, retryable: false }));
    };
    return { ...ways, nodes, transport: { ...transport, ask } };
  }
  const deskOf = (ways: Ways) => {
    const { manifest } = network;
    return { wallet: patient.wallet, manifest, ways, save: () => Promise.resolve() };
  };
  async function shown(ways: Ways): Promise<readonly string[]> {
    const { wallet } = patient;
    const { manifest } = network;
    return [
      ...(await showInbox(wallet, manifest, ways)).lines,
      ...(await whoLookedEverywhere(wallet, manifest, ways)).lines,
      ...(await erasableLines(deskOf(ways))),
    ];
  }
  const expectPlain = (lines: readonly string[]): void => {
    const text = lines.join('\n');
    expect(text).to.contain('South [2J 1A Her inbox holds 0 notices.');
    expect(text).to.not.match(/[\u001b\u009b\r\u202e]/);
    expect(lines.filter((line) => line.includes('\n'))).to.deep.equal([]);
  };

  it('by its name', async () => {
    const ways = await hostileWays();
    expectPlain(await shown(ways));
    const records = await readAsPatient(patient.wallet, network.manifest, 'North', ways);
    const strange = records.map((one) => ({
      ...one,
      category: `result${LIE}`,
      recordedAt: Number.MAX_SAFE_INTEGER,
    }));
    const kept = [
      ...(await keepRecords(records, undefined)),
      ...(await keepRecords(strange, undefined)),
    ];
    expectPlain(kept);
    expect(kept.at(-1)).to.contain('on an impossible time (second 9007199254740991)');
  });

  it('by the code and the message of a refusal', async () => {
    const lied = await shown(await hostileWays({ code: `X)${LIE}`, message: LIE }));
    expectPlain(lied);
    expect(lied.join('\n')).to.contain('(MalformedBody)');
    const told = await shown(await hostileWays({ code: 'Busy', message: LIE }));
    expectPlain(told);
    expect(told.join('\n')).to.contain('did not answer (Busy): [2J 1A Her inbox holds 0 notices.');
    const outcome = new CarelatticeError('Busy', LIE);
    const sealed = [{ node: 'South', outcome }];
    const recovered = recoveredLines({ patientId: '0x', lost: [], left: [], sealed });
    expect(recovered.lines.join('')).to.not.match(/[\u001b\u009b\r\n\u202e]/);
  });

  it('by the code with which it does not confirm an erasure, now and when she looks again', async () => {
    const desk = deskOf(await hostileWays({ code: `X)${LIE}`, message: LIE }));
    const { lines } = await eraseByCommand(desk, 'all');
    expectPlain(lines);
    expect(lines.join('\n')).to.contain('HAS NOT CONFIRMED the end of 1 record (MalformedBody)');
    expectPlain((await retryByCommand(desk)).lines);
    expectPlain((await retryByCommand(deskOf(await hostileWays()))).lines);
  });
});
