import { expect } from 'chai';
import { adoptRotation, rotate, rotationOf } from '../../src/client/account/authority.ts';
import { walletForMinor } from '../../src/client/account/minor.ts';
import { withNewRoot } from '../../src/client/wallet/newRoot.ts';
import { ownRecords } from '../../src/client/reading/ownRecords.ts';
import { renewKeys, rewrapAt } from '../../src/client/account/recover.ts';
import { authorityOf, networkOf } from '../../src/client/wallet/wallet.ts';
import { sealWalletKey } from '../../src/client/wallet/walletKeys.ts';
import { recoveryCodeOf } from '../../src/crypto/recoveryCode.ts';
import { CATEGORIES } from '../../src/fhir/categories.ts';
import { waysInto } from '../../src/localnet/ways.ts';
import { codeOf } from '../support/codeOf.ts';
import {
  enrollAt,
  enrolledPatient,
  handIn,
  knownNode,
  random,
  startTestNetwork,
  type TestNetwork,
  type TestPatient,
} from '../support/edgeNetwork.ts';
import { guardIn, newSigner, wayOf } from '../support/guardians.ts';

const SLOTS = [
  { kind: 'recoveryCode', code: recoveryCodeOf(new Uint8Array(16)) },
  { kind: 'guardians', threshold: 2, guardians: 3 },
] as const;

async function textsAt(network: TestNetwork, { wallet, network: at }: TestPatient, node: string) {
  const texts: string[] = [];
  const own = ownRecords(wallet, at, knownNode(network, node), await waysInto(network, random));
  for await (const { body } of own) texts.push(Buffer.from(body).toString());
  return texts.sort();
}

describe('a minor', () => {
  let network: TestNetwork;
  before(async () => {
    network = await startTestNetwork();
    await network.settle();
  });
  after(() => network.close());

  it("is opened with her mother's account, comes of age with one of her own, and takes her keys with her", async () => {
    const mother = await enrolledPatient(network, ['North']);
    const wallet = walletForMinor(mother.wallet, random);
    const child: TestPatient = {
      wallet,
      network: networkOf(wallet, network.manifest),
      identifiers: [{ system: 'urn:test:mrn', value: 'child' }],
    };
    expect(child.network.patientId).to.not.equal(mother.network.patientId);
    await enrollAt(network, child, ['North']);
    await network.settle();
    await handIn(network, 'North', child, [{ category: 'result', text: 'as a child' }]);
    await network.settle();
    const mothers = structuredClone(child);

    const own = newSigner();
    const ways = new Map([[network.manifest.networkId, wayOf(network)]]);
    await rotate(child.wallet, own.key, rotationOf(child.wallet, own.account, random), ways);
    await network.settle();
    const guards = new Map([[network.manifest.networkId, await guardIn(network, child)]]);
    expect(adoptRotation(child.wallet, guards)).to.equal(true);
    expect((await guardIn(network, mother)).authority).to.equal(authorityOf(mother.wallet));

    const grown = withNewRoot(child.wallet, CATEGORIES, random);
    await sealWalletKey(grown, SLOTS);
    const at = grown.networks[network.manifest.networkId];
    if (at === undefined) throw new Error('the network is in the wallet');
    const { contracts } = network.node('North').open.components;
    const way = { ...(await waysInto(network, random)), registry: contracts.patientRegistry };
    await renewKeys(grown, at, way, await guardIn(network, child));
    await network.settle();
    expect(await rewrapAt(grown, at, knownNode(network, 'North'), way)).to.equal(1);
    await handIn(network, 'North', child, [{ category: 'result', text: 'of age' }]);
    await network.settle();

    const self: TestPatient = { ...child, wallet: grown, network: at };
    expect(await textsAt(network, self, 'North')).to.deep.equal(['as a child', 'of age']);
    expect(await codeOf(() => textsAt(network, mothers, 'North'))).to.equal('Unauthorized');
    // Even with her account the keys of her childhood open nothing that came after.
    const knowing = { ...mothers, wallet: { ...mothers.wallet, authorityKey: own.key } };
    expect(await codeOf(() => textsAt(network, knowing, 'North'))).to.equal('NotHerKey');
  });
});
