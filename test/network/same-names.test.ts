import { join } from 'node:path';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { expect } from 'chai';
import { enrollPatient } from '../../src/client/enrolment/enrollPatient.node.ts';
import { readAsPatient } from '../../src/client/reading/readByCommand.node.ts';
import { createWalletFile, openWalletFile } from '../../src/client/wallet/walletFile.node.ts';
import { sealWalletKey } from '../../src/client/wallet/walletKeys.ts';
import { recoveryCodeOf } from '../../src/crypto/recoveryCode.ts';
import { networkOf, newWallet } from '../../src/client/wallet/wallet.ts';
import { CATEGORIES } from '../../src/fhir/categories.ts';
import { codeOf } from '../support/codeOf.ts';
import { nodesOf, random, startTestNetwork, type TestNetwork } from '../support/edgeNetwork.ts';

/** The consortium admits two nodes of one name: whoever is meant has to be told by id. */
describe('Two hospitals of one name', () => {
  const code = recoveryCodeOf(new Uint8Array(16).fill(7));
  let network: TestNetwork;
  let folder: string;

  before(async () => {
    network = await startTestNetwork({
      hospitals: ['North', 'South', 'South'],
      readers: ['North'],
    });
    folder = await mkdtemp(join(tmpdir(), 'carelattice-names-'));
  });

  after(async () => {
    await network.close();
    await rm(folder, { recursive: true });
  });

  it('hostile: are not taken for each other where a patient enrols and reads', async () => {
    const wallet = newWallet(random);
    const ways = [
      { kind: 'recoveryCode', code },
      { kind: 'guardians', threshold: 2, guardians: 3 },
    ] as const;
    await sealWalletKey(wallet, ways);
    const walletFile = join(folder, 'patient.wallet.json');
    await createWalletFile(walletFile, wallet);
    const secret = { kind: 'recoveryCode', code } as const;
    const { manifest, chain, transport, gateway, hospitals } = network;
    const identifiers = [{ system: 'urn:test:mrn', value: '7' }];
    const enrol = (...at: string[]): Promise<unknown> =>
      enrollPatient({ manifest, rpc: chain.rpc, transport, walletFile, secret, at, identifiers });

    await network.settle();
    expect(await codeOf(() => enrol('South'))).to.equal('NameAmbiguous');
    expect(await codeOf(() => enrol('Keeper'))).to.equal('NodeUnknown');
    const [, south] = hospitals.map(({ self }) => self.nodeId);
    if (south === undefined) return expect.fail('there are three');
    // A reader of the same name holds no records: nobody can mean it here.
    let isDone = false;
    const done = enrol('North', south, south).finally(() => (isDone = true));
    while (!isDone) await network.step();
    await done;

    const opened = await openWalletFile(walletFile, secret);
    expect(networkOf(opened, manifest).relations.map(({ nodeId }) => nodeId)).to.have.members([
      hospitals[0]?.self.nodeId,
      south,
    ]);
    const { now } = network.node(south).open.components;
    const nodes = nodesOf(network);
    const own = { transport, gateway, nodes, categories: CATEGORIES, now, random };
    expect(await codeOf(() => readAsPatient(opened, manifest, 'South', own))).to.equal(
      'NameAmbiguous',
    );
    expect(await readAsPatient(opened, manifest, south, own)).to.deep.equal([]);
  });
});
