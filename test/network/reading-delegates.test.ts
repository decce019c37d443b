import { expect } from 'chai';
import { authorityOf, newWallet, type Wallet } from '../../src/client/wallet/wallet.ts';
import { GUARDIANSHIP_TEMPLATE, statementOf } from '../../src/domain/consentStatement.ts';
import { toHex, ZERO_32 } from '../../src/hash/bytes.ts';
import {
  consentDigest,
  guardianshipDigest,
  showConsent,
  showGuardianship,
} from '../../src/wire/consent.ts';
import type { ReadPackage } from '../../src/wire/readPackage.ts';
import type { Consent, Guardianship } from '../../src/wire/typedData.ts';
import { codeOf } from '../support/codeOf.ts';
import { consentFor, readerNamed } from '../support/consents.ts';
import {
  enrolledPatient,
  handIn,
  notes,
  random,
  startTestNetwork,
  type TestNetwork,
  type TestPatient,
  timeOf,
} from '../support/edgeNetwork.ts';
import {
  askToRead,
  bringGrant,
  mineRevocation,
  mineRevocationOf,
  type NamedReader,
  passTo,
  readQuestionOf,
  refusalOf,
  untilReleased,
} from '../support/reading.ts';

describe('a consent that a delegate signed', function () {
  this.timeout(60_000);
  let network: TestNetwork;
  let patient: TestPatient;
  let mother: Wallet;
  let insurer: NamedReader;

  before(async () => {
    network = await startTestNetwork({ readers: ['Insurer'] });
    await network.settle();
    patient = await enrolledPatient(network, ['North', 'South']);
    await handIn(network, 'North', patient, notes(2));
    await network.settle();
    insurer = readerNamed(network, 'Insurer');
    mother = newWallet(random);
  });
  after(() => network.close());

  /** A guardianship of the patient for `delegate`, granted by `by`; the patient herself unless said otherwise. */
  async function guardianship(
    change: Partial<Guardianship> = {},
    by: Wallet = patient.wallet,
  ): Promise<{ message: Guardianship; signature: `0x${string}` }> {
    const { notBefore, notAfter, home, networkNames, networks } = await consentFor(
      network,
      patient,
      insurer,
    );
    const draft: Guardianship = {
      statement: '',
      language: 'en',
      template: GUARDIANSHIP_TEMPLATE,
      patient: authorityOf(patient.wallet),
      delegate: authorityOf(mother),
      role: 'PRN',
      categories: ['result', 'medication'],
      actions: ['access'],
      notBefore,
      notAfter,
      epoch: 0n,
      nonce: BigInt(toHex(random(16))),
      home,
      networkNames,
      networks: networks.map((scope) => ({ ...scope, salt: toHex(random(32)) })),
      ...change,
    };
    const message = { ...draft, statement: statementOf(draft) };
    const digest = guardianshipDigest(network.manifest.federationId, message);
    const signature = await bringGrant(network, by, patient.network.patientId, digest);
    return { message, signature };
  }

  /** The delegate's consent under it, granted. */
  async function under(
    above: { message: Guardianship; signature: `0x${string}` },
    change: Partial<Consent> = {},
    by: Wallet = mother,
  ): Promise<ReadPackage> {
    const { federationId, networkId, chainId } = network.manifest;
    const consent = await consentFor(network, patient, insurer, {
      categories: ['result'],
      guardianship: guardianshipDigest(federationId, above.message),
      ...change,
    });
    const digest = consentDigest(federationId, consent);
    const signature = await bringGrant(network, by, patient.network.patientId, digest);
    await network.settle();
    return {
      consent: showConsent(consent, networkId),
      signer: authorityOf(by),
      signature,
      guardianship: {
        message: showGuardianship(above.message, networkId),
        signature: above.signature,
      },
      network: { networkId, chainId: BigInt(chainId) },
      serving: network.node('South').self.nodeId,
    };
  }

  const refused = (shown: ReadPackage) => refusalOf(network, 'South', insurer, shown);

  it('is served while her guardianship holds, to the records that it names', async () => {
    const shown = await under(await guardianship());
    const question = await readQuestionOf(network, insurer, shown);
    expect((await untilReleased(network, 'South', question)).records).to.have.length(2);
  });

  it('hostile 19: is refused outside the scope of the guardianship', async () => {
    const above = await guardianship();
    const shown = await under(above, { categories: ['result', 'problem'] });
    expect(await refused(shown)).to.equal('OutsideGuardianship');
  });

  it('hostile 19: is refused after the end of the guardianship, also for a request that was taken before', async () => {
    const time = BigInt(await timeOf(network));
    const above = await guardianship({ notAfter: time + 90n });
    const shown = await under(above);
    const question = await readQuestionOf(network, insurer, shown);
    await untilReleased(network, 'South', question);
    expect(await codeOf(() => askToRead(network, 'South', question))).to.equal('none');
    await passTo(network, Number(time) + 91);
    expect(await refused(shown)).to.equal('Expired');
    expect(await codeOf(() => askToRead(network, 'South', question))).to.equal('RequestExpired');
  });

  it('hostile 20: is refused when the delegate has delegated further', async () => {
    const sitter = newWallet(random);
    const above = await guardianship();
    // Signed by the delegate, in the patient's name and in her own.
    for (const patientOf of [authorityOf(patient.wallet), authorityOf(mother)]) {
      const further = await guardianship(
        { delegate: authorityOf(sitter), patient: patientOf },
        mother,
      );
      const shown = await under(further, {}, sitter);
      expect(await refused(shown)).to.be.oneOf(['NotHerSigner', 'NotGranted']);
      // Nor with the delegate's own guardianship in its place.
      const first = {
        message: showGuardianship(above.message, network.manifest.networkId),
        signature: above.signature,
      };
      expect(await refused({ ...shown, guardianship: first })).to.equal('NotHerSigner');
      const direct = await under(above, {}, sitter);
      expect(await refused(direct)).to.equal('NotHerSigner');
    }
  });

  it('is refused without its guardianship, with another one, and as if she had signed it herself', async () => {
    const above = await guardianship();
    const shown = await under(above);
    const { guardianship: _, ...alone } = shown;
    expect(await refused(alone)).to.equal('NotHerSigner');
    const second = await guardianship();
    await network.settle();
    const message = showGuardianship(second.message, network.manifest.networkId);
    expect(await refused({ ...shown, guardianship: { ...second, message } })).to.equal(
      'NotHerSigner',
    );
    expect(await refused({ ...shown, signer: authorityOf(patient.wallet) })).to.equal(
      'NotHerSigner',
    );
    const own = await under(above, { guardianship: ZERO_32 });
    expect(await refused(own)).to.equal('NotHerSigner');
  });

  it('ends when she takes the guardianship back, or the delegate’s consent alone', async () => {
    const above = await guardianship();
    const [first, second] = [await under(above), await under(above)];
    const question = await readQuestionOf(network, insurer, first);
    await untilReleased(network, 'South', question);
    await mineRevocation(network, patient.wallet, first);
    expect(await refused(first)).to.equal('Revoked');
    expect(await codeOf(() => askToRead(network, 'South', question))).to.equal('Revoked');
    expect(await refused(second)).to.equal('none');
    await mineRevocationOf(
      network,
      patient.wallet,
      guardianshipDigest(network.manifest.federationId, above.message),
    );
    expect(await refused(second)).to.equal('Revoked');
  });

  it('ends when the delegate takes it back', async () => {
    const shown = await under(await guardianship());
    await mineRevocation(network, mother, shown);
    expect(await refused(shown)).to.equal('Revoked');
  });
});
