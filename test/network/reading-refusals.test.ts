import { expect } from 'chai';
import { authorityOf } from '../../src/client/wallet/wallet.ts';
import { withdraw } from '../../src/client/enrolment/withdraw.ts';
import { deriveKemKeyPair, registeredKemKey } from '../../src/crypto/hpkeSealing.ts';
import { PURPOSES } from '../../src/wire/consentForm.ts';
import { HYBRID_SUITE } from '../../src/wire/kemSuite.ts';
import { parseReadPackage, type ReadPackage, readPackageText } from '../../src/wire/readPackage.ts';
import type { Consent } from '../../src/wire/typedData.ts';
import { changesOf, REFUSED, textOf } from '../support/changedConsents.ts';
import { codeOf } from '../support/codeOf.ts';
import { decide, resume, suspend } from '../support/consortium.ts';
import { consentFor, packageFor, readerNamed, revokeFrom } from '../support/consents.ts';
import {
  clientOf,
  enrolledPatient,
  handIn,
  knownNode,
  newPatient,
  notes,
  random,
  startTestNetwork,
  type TestNetwork,
  type TestPatient,
  timeOf,
} from '../support/edgeNetwork.ts';
import { flipped } from '../support/hostileNetwork.ts';
import {
  askToRead,
  grantedPackage,
  type NamedReader,
  readQuestionOf,
  refusalOf,
  rotateKemKey,
  ticketStatus,
  untilReleased,
} from '../support/reading.ts';

describe('a reader is refused', function () {
  this.timeout(60_000);
  let network: TestNetwork;
  let patient: TestPatient;
  let insurer: NamedReader;
  let other: NamedReader;
  let now: bigint;

  before(async () => {
    network = await startTestNetwork({ readers: ['Insurer', 'Other', 'Third'] });
    await network.settle();
    patient = await enrolledPatient(network, ['North', 'South']);
    await handIn(network, 'North', patient, notes(2));
    await network.settle();
    insurer = readerNamed(network, 'Insurer');
    other = readerNamed(network, 'Other');
    now = BigInt(await timeOf(network));
  });
  after(() => network.close());

  const granted = (change: Partial<Consent> = {}): Promise<ReadPackage> =>
    grantedPackage(network, patient, insurer, 'South', change);
  const refused = (
    ...args: Parameters<typeof refusalOf> extends [unknown, ...infer R] ? R : never
  ) => refusalOf(network, ...args);
  const answersOf = () => network.node('South').open.components.receipts.head().size;

  it('without a grant, and nothing is logged', async () => {
    const before = answersOf();
    const shown = packageFor(
      network,
      patient,
      await consentFor(network, patient, insurer),
      'South',
    );
    expect(await refused('South', insurer, shown)).to.equal('NotGranted');
    expect(answersOf()).to.equal(before);
  });

  const times: [string, (now: bigint) => Partial<Consent>, string][] = [
    [
      'whose time is over',
      (t) => ({ notBefore: t - 60n, notAfter: t - 2n, submitBy: t - 2n }),
      'Expired',
    ],
    ['whose time has not begun', (t) => ({ notBefore: t + 7_200n }), 'NotYetValid'],
    ['that came to the chain too late', (t) => ({ submitBy: t - 5n }), 'GrantedTooLate'],
  ];
  for (const [words, change, code] of times) {
    it(`hostile 11: with a consent ${words}: the grant was taken, its use is ${code}`, async () => {
      const shown = await granted(change(now));
      expect(await refused('South', insurer, shown)).to.equal(code);
    });
  }

  describe('hostile 8, 9: with a consent for another place', () => {
    const scope = (change: object) => ({
      networks: [
        {
          chainId: 1001n,
          networkId: network.manifest.networkId,
          registry: network.manifest.contracts.ConsentRegistry.address,
          patientId: patient.network.patientId,
          salt: `0x${'11'.repeat(32)}` as const,
          ...change,
        },
      ],
    });

    it('a registry of another address', async () => {
      const shown = await granted(scope({ registry: `0x${'ab'.repeat(20)}` }));
      expect(await refused('South', insurer, shown)).to.equal('NotThisRegistry');
    });

    it('a chain of another id', async () => {
      const shown = await granted(scope({ chainId: 1002n }));
      expect(await refused('South', insurer, shown)).to.equal('NotThisNetwork');
    });

    it('a network that is not listed', async () => {
      const foreign = `0x${'cd'.repeat(32)}` as const;
      const consent = await consentFor(network, patient, insurer, {
        ...scope({ networkId: foreign }),
        home: foreign,
      });
      const [own] = consent.networks;
      const shown = {
        ...packageFor(
          network,
          patient,
          { ...consent, ...scope({}), home: network.manifest.networkId },
          'South',
        ),
      };
      const { networks: _, ...rest } = consent;
      const hashes = shown.consent.scopeHashes;
      // Shown as it was signed, and with a scope of this network put in.
      const signed = { ...shown, consent: { ...rest, own: own!, scopeHashes: hashes } };
      expect(await refused('South', insurer, signed)).to.equal('MalformedConsent');
      const put = { ...shown, consent: { ...rest, own: shown.consent.own, scopeHashes: hashes } };
      expect(await refused('South', insurer, put)).to.equal('MalformedConsent');
    });
  });

  it('who is not the one that the consent names', async () => {
    const shown = await granted();
    expect(await refused('South', other, shown)).to.equal('WrongReader');
  });

  it('who asks for another purpose, or for one that is none', async () => {
    const shown = await granted();
    for (const purpose of [...PURPOSES.filter((one) => one !== 'TREAT'), 'treat', ''])
      expect(await refused('South', insurer, shown, { purpose }), purpose).to.equal('WrongPurpose');
  });

  it('hostile 17: whose consent says in its text what its fields do not', async () => {
    const honest = await consentFor(network, patient, insurer);
    const shown = await granted({ statement: `${honest.statement} ` });
    expect(await refused('South', insurer, shown)).to.equal('StatementMismatch');
  });

  it('whose consent gives its reader a name that is not registered', async () => {
    const shown = await granted({ granteeName: 'Insurer Two' });
    expect(await refused('South', insurer, shown)).to.equal('GranteeNameMismatch');
  });

  it('whose text is in a language or of a template that nobody knows', async () => {
    const shown = await granted({ language: 'xx', statement: 'anything' });
    expect(await refused('South', insurer, shown)).to.equal('UnknownTemplate');
  });

  it('who shows another consent than the one of the request', async () => {
    const [shown, second] = [await granted(), await granted()];
    const question = await readQuestionOf(network, insurer, shown);
    const { package: swapped } = await readQuestionOf(network, insurer, second);
    expect(
      await codeOf(() => askToRead(network, 'South', { ...question, package: swapped })),
    ).to.equal('BasisMismatch');
  });

  it('whose file was edited by hand: a field, a byte of the file, a number written otherwise', async () => {
    const shown = await granted();
    const text = readPackageText(shown);
    const edited = parseReadPackage(text.replace('"purpose": "TREAT"', '"purpose": "HRESCH"'));
    expect(edited.consent.purpose).to.equal('HRESCH');
    expect(await refused('South', insurer, edited)).to.equal('StatementMismatch');
    for (const [from, to] of [
      ['"serving"', '"servin"'],
      ['"purpose": "TREAT"', '"purpose": 7'],
      ['"actions": [', '"actions": ["write",'],
      ['{', ''],
    ] as const)
      expect(await codeOf(() => parseReadPackage(text.replace(from, to))), to).to.equal(
        'MalformedConsent',
      );
  });

  describe('by a request', () => {
    let shown: ReadPackage;
    before(async () => {
      shown = await granted();
    });

    it('signed by another key', async () => {
      const { signingKey } = other;
      expect(await refused('South', insurer, shown, { signingKey })).to.equal('RequestNotProven');
    });

    it('in the name of somebody else', async () => {
      const request = { reader: other.nodeId };
      expect(await refused('South', insurer, shown, { request })).to.equal('RequestNotProven');
    });

    it('of somebody who was never admitted', async () => {
      const stranger = { ...insurer, nodeId: flipped(insurer.nodeId) };
      expect(await refused('South', stranger, shown)).to.equal('RequestNotProven');
    });

    it('for another holder', async () => {
      const request = { holder: network.node('North').self.nodeId };
      expect(await refused('South', insurer, shown, { request })).to.equal('RequestNotProven');
      expect(await refused('North', insurer, shown)).to.equal('RequestNotProven');
    });

    it('that names a KEM key which is not the reader’s', async () => {
      const request = { kemKeyId: flipped(insurer.nodeId) };
      expect(await refused('South', insurer, shown, { request })).to.equal('RequestNotProven');
    });

    it('changed after it was signed, whatever the field', async () => {
      const question = await readQuestionOf(network, insurer, shown);
      const { request } = question;
      const changes = {
        basis: flipped(request.basis),
        purpose: 'HRESCH',
        anchors: [flipped(request.basis)],
        expiry: request.expiry - 1,
        nonce: '7',
      };
      for (const [field, value] of Object.entries(changes)) {
        const changed = { ...question, request: { ...request, [field]: value } };
        expect(await codeOf(() => askToRead(network, 'South', changed)), field).to.equal(
          'RequestNotProven',
        );
      }
    });

    it('that has expired, or lives longer than an hour', async () => {
      const time = await timeOf(network);
      for (const expiry of [0, time - 1, time, time + 4_000, 2 ** 40])
        expect(
          await refused('South', insurer, shown, { request: { expiry } }),
          `${expiry}`,
        ).to.equal('RequestExpired');
    });

    it('with a number that fits no type, or a page that is not there', async () => {
      const question = await readQuestionOf(network, insurer, shown);
      for (const nonce of [(2n ** 256n).toString(), '9'.repeat(2_000), '-1', '1e3', ''])
        expect(
          await codeOf(() =>
            askToRead(network, 'South', { ...question, request: { ...question.request, nonce } }),
          ),
          nonce.slice(0, 9),
        ).to.be.oneOf(['BadAbi', 'MalformedBody']);
      const far = await readQuestionOf(network, insurer, shown, { page: 2 ** 50 });
      const { records } = await untilReleased(network, 'South', far);
      expect(records).to.deep.equal([]);
    });
  });

  it('of whom the patient is unknown, and where she is enrolled elsewhere only', async () => {
    const stranger = newPatient(network);
    const [place] = (await consentFor(network, patient, insurer)).networks;
    const networks = [{ ...place!, patientId: stranger.network.patientId }];
    expect(await refused('South', insurer, await granted({ networks }))).to.equal('UnknownPatient');
    const east = await grantedPackage(network, patient, insurer, 'East');
    expect(await refused('East', insurer, east)).to.equal('NothingAllowed');
  });

  it('at a hospital that she has left, by old and new requests alike', async () => {
    const leaving = await enrolledPatient(network, ['North', 'South']);
    await handIn(network, 'North', leaving, notes(1));
    await network.settle();
    const shown = await grantedPackage(network, leaving, insurer, 'South');
    const question = await readQuestionOf(network, insurer, shown);
    const { records } = await untilReleased(network, 'South', question);
    const fetching = () => ticketStatus(network, 'South', insurer, question.request, records[0]!);
    expect(await fetching()).to.equal(200);
    await withdraw(leaving.wallet, leaving.network, clientOf(network), knownNode(network, 'South'));
    await network.settle();
    expect(await codeOf(() => askToRead(network, 'South', question))).to.equal('NothingAllowed');
    expect(await refused('South', insurer, shown)).to.equal('NothingAllowed');
    expect(await fetching()).to.equal(401);
  });

  it('by a patient who signs for records of another one', async () => {
    const mallory = await enrolledPatient(network, ['South']);
    const [place] = (await consentFor(network, patient, insurer)).networks;
    const inHerName = { patient: authorityOf(patient.wallet) };
    for (const change of [
      { networks: [place!] },
      { networks: [place!], ...inHerName },
      inHerName,
    ]) {
      const shown = await grantedPackage(network, mallory, insurer, 'South', change);
      expect(await refused('South', insurer, shown)).to.equal('NotHerSigner');
      // Nor when the reader says that she has signed it.
      const signer = authorityOf(patient.wallet);
      expect(await refused('South', insurer, { ...shown, signer })).to.be.oneOf([
        'NotHerSigner',
        'NotGranted',
      ]);
    }
  });

  it('hostile 11: with any field of a granted consent changed, its text left or written anew', async () => {
    const shown = await granted();
    const question = await readQuestionOf(network, insurer, shown);
    const { consent } = shown;
    const tried: string[] = [];
    for (const [field, value] of changesOf(consent)) {
      for (const isNewText of [false, true]) {
        const changed = { ...consent, [field]: value };
        const statement = isNewText ? textOf(changed) : changed.statement;
        const forged = { ...shown, consent: { ...changed, statement } };
        if (field === 'statement' && isNewText) continue;
        tried.push(field);
        // For the digest that the forged text has, and for the one that was granted.
        expect(await refused('South', insurer, forged), field).to.be.oneOf(REFUSED);
        const { package: put } = await readQuestionOf(network, insurer, forged);
        const swapped = { ...question, package: put };
        expect(await codeOf(() => askToRead(network, 'South', swapped)), field).to.be.oneOf([
          'BasisMismatch',
          'MalformedConsent',
        ]);
      }
    }
    expect(new Set(tried).size).to.equal(Object.keys(consent).length);
    expect(await refused('South', insurer, shown)).to.equal('none');
  });

  it('hostile 11: replayed after the revocation, with the old request and with a new one', async () => {
    const shown = await granted();
    const question = await readQuestionOf(network, insurer, shown);
    const { records } = await untilReleased(network, 'South', question);
    expect(records).to.have.length(2);
    await revokeFrom(network, patient, shown);
    expect(await codeOf(() => askToRead(network, 'South', question))).to.equal('Revoked');
    expect(await refused('South', insurer, shown)).to.equal('Revoked');
    // Others stay.
    const second = await granted();
    expect(await refused('South', insurer, second)).to.equal('none');
  });

  describe('as soon as the reader', () => {
    it('is suspended or removed; the old request goes no further either', async () => {
      const third = readerNamed(network, 'Third');
      const shown = await grantedPackage(network, patient, third, 'South');
      const question = await readQuestionOf(network, third, shown);
      await untilReleased(network, 'South', question);
      const { nodeRegistry } = network.node('South').open.components.contracts;
      const act = async (name: 'suspend' | 'resume' | 'remove') => {
        const data = nodeRegistry.encode(name, [third.nodeId]);
        await decide(network, [{ target: nodeRegistry.address, data }]);
        await network.settle();
      };
      await act('suspend');
      expect(await codeOf(() => askToRead(network, 'South', question))).to.equal(
        'RequestNotProven',
      );
      expect(await refused('South', third, shown)).to.equal('RequestNotProven');
      await act('resume');
      expect(await codeOf(() => askToRead(network, 'South', question))).to.equal('none');
      await act('remove');
      expect(await codeOf(() => askToRead(network, 'South', question))).to.equal(
        'RequestNotProven',
      );
    });

    it('has taken a new KEM key: with the old one', async () => {
      const shown = await grantedPackage(network, patient, other, 'South');
      const question = await readQuestionOf(network, other, shown);
      await untilReleased(network, 'South', question);
      const kemSeed = random(32);
      const { publicKey } = await deriveKemKeyPair(HYBRID_SUITE, kemSeed);
      const account = network.readers.get('Other')!.account;
      await rotateKemKey(network, account, registeredKemKey(publicKey));
      expect(await codeOf(() => askToRead(network, 'South', question))).to.equal(
        'RequestNotProven',
      );
      expect(await refused('South', other, shown)).to.equal('RequestNotProven');
      expect(await refused('South', { ...other, kemSeed }, shown)).to.equal('none');
    });
  });

  it('is a hospital, while it is suspended', async () => {
    const east = readerNamed(network, 'East');
    const shown = await grantedPackage(network, patient, east, 'South');
    expect(await refused('South', east, shown)).to.equal('none');
    await suspend(network, 'East');
    await network.settle();
    expect(await refused('South', east, shown)).to.equal('RequestNotProven');
    await resume(network, 'East');
    await network.settle();
    expect(await refused('South', east, shown)).to.equal('none');
  });
});
