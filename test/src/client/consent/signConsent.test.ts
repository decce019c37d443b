import { expect } from 'chai';
import { Wallet as EthersWallet } from 'ethers';
import {
  draftConsent,
  draftGuardianship,
  placesUnder,
} from '../../../../src/client/consent/draftConsent.ts';
import {
  readPackageFor,
  signConsent,
  signingTask,
  takeGuardianship,
} from '../../../../src/client/consent/signConsent.ts';
import { authorityOf, type Wallet } from '../../../../src/client/wallet/wallet.ts';
import { walletState } from '../../../../src/client/wallet/walletState.ts';
import { randomBytes } from '../../../../src/crypto/random.ts';
import { recoverAccount } from '../../../../src/crypto/signatures.ts';
import { consentRefusal } from '../../../../src/domain/consentRules.ts';
import { fromHex, type Hex, ZERO_32 } from '../../../../src/hash/bytes.ts';
import {
  ANY_ADMITTED_NODE,
  consentDigest,
  guardianshipDigest,
} from '../../../../src/wire/consent.ts';
import { parseReadPackage, readPackageText } from '../../../../src/wire/readPackage.ts';
import { codeOf } from '../../../support/codeOf.ts';
import { DURING, federationId, idOf, networkId, reader } from '../../wire/consentFixture.ts';
import { placesOf, walletIn, wishOf } from './consentWishes.ts';

const serving = idOf('Northside Hospital');
const granted = { state: 1, grantedAt: DURING };

/** What a holder of the wallet's first network says to a package from it. */
function verdict(patient: Wallet, text: string): string {
  const { consent, signer, guardianship } = parseReadPackage(text);
  const [place] = placesOf(patient);
  if (place === undefined) throw new Error('the wallet has a network');
  const guardian = guardianship && {
    message: guardianship.message,
    digest: guardianshipDigest(federationId, guardianship.message),
    status: granted,
    consentStatus: { state: 0, grantedAt: 0n },
  };
  const refusal = consentRefusal({
    consent,
    signer,
    status: granted,
    ...(guardian === undefined ? {} : { guardian }),
    own: {
      ...place,
      chainId: BigInt(place.chainId),
      authority: authorityOf(patient),
      granteeOf: () => ({ name: 'Westside Clinic', state: 'admitted' }),
    },
    chainTime: DURING,
    reader,
    purpose: 'TREAT',
    action: 'access',
  });
  return refusal?.code ?? 'allowed';
}

describe('signConsent', () => {
  it('makes of a wish what a holder takes', () => {
    const wallet = walletIn('network', 'lake');
    const consent = draftConsent(wishOf(wallet), randomBytes);
    const { kept, grant } = signConsent(wallet, federationId, consent);
    expect(kept.digest).to.equal(consentDigest(federationId, consent));
    expect(recoverAccount(fromHex(kept.digest), kept.signature)).to.equal(authorityOf(wallet));
    expect(grant).to.deep.equal({
      patientId: wallet.networks[networkId]?.patientId,
      kind: 4,
      words: [`0x${'00'.repeat(12)}${authorityOf(wallet).slice(2)}`, kept.digest],
      signature: kept.signature,
    });
    const shown = readPackageFor(wallet, kept.digest, { networkId, serving });
    expect(shown.consent.scopeHashes).to.have.lengthOf(2);
    expect(verdict(wallet, readPackageText(shown))).to.equal('allowed');
  });

  it('gives each consent its own nonce and salts', () => {
    const wallet = walletIn('network');
    const [one, other] = [1, 2].map(() => draftConsent(wishOf(wallet), randomBytes));
    expect(one?.nonce).not.to.equal(other?.nonce);
    expect(one?.networks[0]?.salt).not.to.equal(other?.networks[0]?.salt);
  });

  it('drafts for whoever is admitted, in Chinese, with everything narrowed', () => {
    const wallet = walletIn('network');
    const wish = wishOf(wallet, {
      reader: 'any',
      language: 'zh',
      sensitivity: ['hiv'],
      records: [idOf('record')],
      authors: [serving],
      dataFrom: 1n,
      dataTo: 2n,
      except: [{ readers: [reader], categories: [], sensitivity: [], anchors: [] }],
      submitBy: DURING,
    });
    const consent = draftConsent(wish, randomBytes);
    expect(consent).to.include({ grantee: ANY_ADMITTED_NODE, granteeName: '', submitBy: DURING });
    expect(consent.statement).to.include('我允许下列网络接纳的所有机构查阅医疗记录。');
  });

  it('shows the text and the typed data that another wallet signs alike', async () => {
    const wallet = walletIn('network');
    const consent = draftConsent(wishOf(wallet), randomBytes);
    const task = signingTask(consent, federationId, authorityOf(wallet));
    expect(task.statement).to.equal(consent.statement);
    const { EIP712Domain: _, ...types } = task.typedData.types;
    const mutable = Object.fromEntries(
      Object.entries(types).map(([name, fields]) => [name, [...fields]]),
    );
    const made = await new EthersWallet(wallet.authorityKey).signTypedData(
      task.typedData.domain,
      mutable,
      { ...task.typedData.message },
    );
    const { kept } = signConsent(wallet, federationId, consent, made as Hex); // ethers gives hex
    expect(kept.signature).to.equal(made);
    expect(signConsent(wallet, federationId, consent).kept.signature).to.equal(made);
    expect(wallet.consents).to.have.lengthOf(1);
  });

  it('hostile 13: refuses a signature that is not of her account or not in the one form', async () => {
    const wallet = walletIn('network');
    const consent = draftConsent(wishOf(wallet), randomBytes);
    const good = signConsent(structuredClone(wallet), federationId, consent).kept.signature;
    const highS = `${good.slice(0, 66)}${'f'.repeat(64)}${good.slice(130)}`;
    const bad = ['0x', good.slice(0, 130), highS, `${good.slice(0, 130)}00`, good.toUpperCase()];
    const stranger = walletIn('network');
    const strange = signConsent(stranger, federationId, consent).kept.signature;
    for (const signature of [...bad, strange]) {
      const act = (): unknown => signConsent(wallet, federationId, consent, signature as Hex);
      expect(await codeOf(act), signature).to.equal('BadSignature');
    }
    expect(wallet.consents).to.equal(undefined);
  });

  it('hostile 17: signs no text that does not match, and no malformed consent', async () => {
    const wallet = walletIn('network');
    const consent = draftConsent(wishOf(wallet), randomBytes);
    const lie = { ...consent, statement: consent.statement.replace('treatment', 'advertising') };
    expect(await codeOf(() => signConsent(wallet, federationId, lie))).to.equal(
      'StatementMismatch',
    );
    const unknown = { ...consent, template: 7 };
    expect(await codeOf(() => signConsent(wallet, federationId, unknown))).to.equal(
      'UnknownTemplate',
    );
    const zero = { ...consent, grantee: ZERO_32 };
    expect(await codeOf(() => signConsent(wallet, federationId, zero))).to.equal(
      'MalformedConsent',
    );
    const late = (): unknown => draftConsent(wishOf(wallet, { until: 0n }), randomBytes);
    expect(await codeOf(late)).to.equal('MalformedConsent');
    const nowhere = (): unknown => draftConsent(wishOf(wallet, { places: [] }), randomBytes);
    expect(await codeOf(nowhere)).to.equal('MalformedConsent');
  });

  it('keeps what was signed in the wallet, through its file', () => {
    const wallet = walletIn('network');
    const { kept } = signConsent(wallet, federationId, draftConsent(wishOf(wallet), randomBytes));
    const { rootKey: _, ...state } = wallet;
    const read = walletState.parse(JSON.parse(JSON.stringify(state)));
    expect(read).to.deep.equal(state);
    const again = readPackageFor({ ...wallet, ...read }, kept.digest, { networkId, serving });
    expect(verdict(wallet, readPackageText(again))).to.equal('allowed');
  });

  it('has no package for a consent or network that the wallet does not know', async () => {
    const wallet = walletIn('network');
    const { kept } = signConsent(wallet, federationId, draftConsent(wishOf(wallet), randomBytes));
    const elsewhere = { networkId: idOf('lake'), serving };
    expect(await codeOf(() => readPackageFor(wallet, kept.digest, elsewhere))).to.equal(
      'NotThisNetwork',
    );
    const unknown = idOf('consent');
    expect(await codeOf(() => readPackageFor(wallet, unknown, { networkId, serving }))).to.equal(
      'ConsentUnknown',
    );
  });
});

describe('signConsent for a delegate', () => {
  const patient = walletIn('network');
  const carer = walletIn();
  const wish = {
    patient: authorityOf(patient),
    language: 'en' as const,
    delegate: authorityOf(carer),
    role: 'FAMMEMB',
    categories: ['result', 'medication'],
    from: DURING - 100n,
    until: DURING + 100n,
    epoch: 0n,
    places: placesOf(patient),
  };
  const guardianship = draftGuardianship(wish, randomBytes);
  const above = signConsent(patient, federationId, guardianship).kept;

  it('signs under a guardianship that the patient signed', () => {
    const taken = takeGuardianship(carer, federationId, guardianship, above.signature);
    expect(taken).to.deep.equal(above);
    const consent = draftConsent(
      wishOf(patient, { guardianship: taken.digest, places: placesUnder(guardianship) }),
      randomBytes,
    );
    const { kept, grant } = signConsent(carer, federationId, consent);
    expect(grant.words[0]).to.include(authorityOf(carer).slice(2));
    expect(grant.patientId).to.equal(patient.networks[networkId]?.patientId);
    const shown = readPackageFor(carer, kept.digest, { networkId, serving });
    expect(shown.signer).to.equal(authorityOf(carer));
    expect(verdict(patient, readPackageText(shown))).to.equal('allowed');
  });

  it('takes no guardianship that is for another or that she did not sign', async () => {
    const take = (wallet: Wallet, signature: Hex): Promise<string> =>
      codeOf(() => takeGuardianship(wallet, federationId, guardianship, signature));
    expect(await take(walletIn(), above.signature)).to.equal('NotHerSigner');
    const forged = signConsent(walletIn('network'), federationId, guardianship).kept.signature;
    expect(await take(carer, forged)).to.equal('BadSignature');
  });

  it('has no package without the guardianship', async () => {
    const stranger = walletIn();
    const consent = draftConsent(wishOf(patient, { guardianship: above.digest }), randomBytes);
    const { kept } = signConsent(stranger, federationId, consent);
    expect(
      await codeOf(() => readPackageFor(stranger, kept.digest, { networkId, serving })),
    ).to.equal('ConsentUnknown');
  });
});
