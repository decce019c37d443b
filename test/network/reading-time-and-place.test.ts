import { expect } from 'chai';
import { networkOf } from '../../src/client/wallet/wallet.ts';
import { readRecords } from '../../src/client/reading/readRecords.ts';
import { waysInto } from '../../src/localnet/ways.ts';
import { codeOf } from '../support/codeOf.ts';
import { consentFor, grantTo, packageFor, readerNamed } from '../support/consents.ts';
import {
  enrollAt,
  enrolledPatient,
  handIn,
  notes,
  random,
  startTestNetwork,
  type TestNetwork,
  type TestPatient,
  timeOf,
} from '../support/edgeNetwork.ts';
import { grantedPackage, passTo, refusalOf } from '../support/reading.ts';

const READER = { readers: ['Insurer'], hospitals: ['North', 'South'], consensus: ['Keeper'] };

describe('hostile 10: a twin network with the same chain id, federation and addresses', function () {
  this.timeout(60_000);
  let own: TestNetwork;
  let twin: TestNetwork;

  before(async () => {
    own = await startTestNetwork(READER);
    twin = await startTestNetwork({ ...READER, federationId: own.manifest.federationId });
    for (const network of [own, twin]) await network.settle();
  });
  after(async () => {
    await own.close();
    await twin.close();
  });

  it('takes the grant and refuses its use, by the network’s id alone', async () => {
    const address = 'ConsentRegistry' as const;
    expect(twin.manifest.contracts[address].address).to.equal(
      own.manifest.contracts[address].address,
    );
    expect(twin.manifest.chainId).to.equal(own.manifest.chainId);
    const patient = await enrolledPatient(own, ['South']);
    const there: TestPatient = { ...patient, network: networkOf(patient.wallet, twin.manifest) };
    await enrollAt(twin, there, ['South']);
    await twin.settle();
    await handIn(twin, 'South', there, notes(1));
    await twin.settle();

    const insurer = readerNamed(twin, 'Insurer');
    const consent = await consentFor(own, patient, insurer);
    const shown = packageFor(own, patient, consent, 'South');
    const serving = twin.node('South').self.nodeId;
    await grantTo(twin, there, { ...shown, serving });
    expect(await refusalOf(twin, 'South', insurer, { ...shown, serving })).to.equal(
      'NotThisNetwork',
    );
    // With a scope of the twin put in the place of the one that she signed.
    const scope = {
      ...shown.consent.own,
      networkId: twin.manifest.networkId,
      patientId: there.network.patientId,
    };
    const forged = { ...shown, serving, consent: { ...shown.consent, own: scope } };
    expect(await refusalOf(twin, 'South', insurer, forged)).to.equal('MalformedConsent');
    const hashes = packageFor(
      twin,
      there,
      { ...consent, home: scope.networkId, networks: [scope] },
      'South',
    );
    const both = {
      ...forged,
      consent: { ...forged.consent, scopeHashes: hashes.consent.scopeHashes },
    };
    expect(await refusalOf(twin, 'South', insurer, both)).to.equal('MalformedConsent');
    const named = { ...both, consent: { ...both.consent, home: scope.networkId } };
    expect(await refusalOf(twin, 'South', insurer, named)).to.equal('NotGranted');
  });
});

describe('hostile 39: a machine whose clock is ten minutes off', function () {
  this.timeout(60_000);

  for (const off of [600, -600]) {
    it(`by ${off} seconds: consents begin and end with the chain’s time`, async () => {
      const network = await startTestNetwork(READER);
      const trueNow = Date.now;
      Date.now = () => trueNow() + off * 1000;
      try {
        await network.settle();
        let time = await timeOf(network);
        for (const { name } of network.nodes) {
          await network.node(name).stop();
          await network.node(name).start({ milliseconds: () => (time + off) * 1000 });
        }
        const patient = await enrolledPatient(network, ['North', 'South']);
        await handIn(network, 'North', patient, notes(1));
        await network.settle();
        const insurer = readerNamed(network, 'Insurer');
        const begin = (await timeOf(network)) + 200;
        const end = begin + 100;
        const shown = await grantedPackage(network, patient, insurer, 'South', {
          notBefore: BigInt(begin),
          notAfter: BigInt(end),
          submitBy: BigInt(end),
        });
        const read = async () =>
          readRecords(insurer, shown, 'TREAT', await waysInto(network, random));
        expect(await refusalOf(network, 'South', insurer, shown)).to.equal('NotYetValid');
        await passTo(network, begin);
        time = await timeOf(network);
        expect((await read()).records).to.have.length(1);
        await passTo(network, end + 1);
        expect(await codeOf(read)).to.equal('Expired');
      } finally {
        Date.now = trueNow;
        await network.close();
      }
    });
  }

  it('lets a consent be used in its first and in its last second, and in no other', async () => {
    const network = await startTestNetwork(READER);
    try {
      await network.settle();
      const patient = await enrolledPatient(network, ['South']);
      await handIn(network, 'South', patient, notes(1));
      await network.settle();
      const insurer = readerNamed(network, 'Insurer');
      const begin = (await timeOf(network)) + 100;
      const shown = await grantedPackage(network, patient, insurer, 'South', {
        notBefore: BigInt(begin),
        notAfter: BigInt(begin + 50),
        submitBy: BigInt(begin),
      });
      const at = async (seconds: number): Promise<string> => {
        await network.chain.setTime(seconds);
        await network.chain.mine();
        for (const { open } of network.nodes) await open.tick();
        return refusalOf(network, 'South', insurer, shown);
      };
      expect(await at(begin - 1)).to.equal('NotYetValid');
      expect(await at(begin)).to.equal('none');
      expect(await at(begin + 50)).to.equal('none');
      expect(await at(begin + 51)).to.equal('Expired');
    } finally {
      await network.close();
    }
  });
});
