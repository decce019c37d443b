import { expect } from 'chai';
import fc from 'fast-check';
import { id, isError, type Wallet } from 'ethers';
import { network } from 'hardhat';
import { patientIdOf } from '../../src/crypto/derivations.ts';
import { signDigest } from '../../src/crypto/signatures.ts';
import {
  consentRefusal,
  type ConsentStatus,
  type ConsentUse,
  type Grantee,
  recordRefusal,
} from '../../src/domain/consentRules.ts';
import { statementOf } from '../../src/domain/consentStatement.ts';
import { fromHex, type Hex, ZERO_32 } from '../../src/hash/bytes.ts';
import {
  ANY_ADMITTED_NODE,
  consentDigest,
  guardianshipDigest,
  showConsent,
  showGuardianship,
} from '../../src/wire/consent.ts';
import type { Consent, Guardianship, NetworkScope } from '../../src/wire/typedData.ts';
import { type Scenario, scenario } from './consentScenarios.ts';
import { deployEdge, type Edge } from './deployEdge.ts';
import { CHAIN, FEDERATION, NETWORK, sign, walletOf } from './signing.ts';

/** `src/domain/consentRules.ts` and `ConsentRegistry.isAllowed` give the same verdict under the same name. */

// What ethers gives as text is hex; our ids are lower case.
const hex = (text: string): Hex => text.toLowerCase() as Hex;
const federationId = hex(FEDERATION);
const [patient, delegate, stranger] = ['Alice', 'carer', 'stranger'].map(walletOf) as [
  Wallet,
  Wallet,
  Wallet,
];
const accountOf = ({ address }: Wallet): Hex => hex(address);
const FAR_EPOCH = (1n << 64n) - 1n;

interface Chain extends Edge {
  readonly patientId: Hex;
  /** Names as in the scenarios. */
  readonly nodeIds: Readonly<Record<Scenario['reader'], Hex>>;
  readonly now: () => Promise<bigint>;
}
type Document = Consent | Guardianship;
type Standing = Scenario['consent'];

function scopesOf(chain: Chain, { place }: Standing, patientId: Hex): NetworkScope[] {
  const own = {
    networkId: place === 'otherNetwork' ? hex(id('third')) : hex(NETWORK),
    chainId: place === 'otherChain' ? 7n : BigInt(CHAIN),
    registry: hex(place === 'otherRegistry' ? chain.at.patients : chain.at.consents),
    patientId: place === 'otherPatient' ? hex(id('another')) : patientId,
    salt: hex(id('salt')),
  };
  return [own, { ...own, networkId: hex(id('second')) }];
}

/** Seconds from now. */
const DATES = { now: [-5000n, 5000n], early: [4000n, 5000n], late: [-5000n, -4000n] } as const;

function datesOf({ time }: Standing, now: bigint): { notBefore: bigint; notAfter: bigint } {
  const [from, until] = DATES[time];
  return { notBefore: now + from, notAfter: now + until };
}

function guardianshipOf(chain: Chain, s: Scenario, now: bigint): Guardianship {
  const { standing, isHers, categories, isHomeElsewhere } = s.guardianship;
  const networks = scopesOf(chain, standing, chain.patientId);
  const draft: Guardianship = {
    statement: '',
    language: 'en',
    template: 2,
    patient: accountOf(isHers ? patient : stranger),
    delegate: accountOf(delegate),
    role: 'PRN',
    categories,
    actions: ['access'],
    ...datesOf(standing, now),
    epoch: standing.epoch,
    nonce: s.nonce,
    home: networks[isHomeElsewhere ? 1 : 0]?.networkId ?? ZERO_32,
    networkNames: ['one', 'two'],
    networks,
  };
  return { ...draft, statement: statementOf(draft) };
}

function consentOf(chain: Chain, s: Scenario, now: bigint, guardianship: Hex): Consent {
  const patientId = s.patient === 'unknown' ? hex(id('nobody')) : chain.patientId;
  const networks = scopesOf(chain, s.consent, patientId);
  const dates = datesOf(s.consent, now);
  const draft: Consent = {
    statement: '',
    language: 'zh',
    template: 1,
    patient: accountOf(s.patient === 'strange' ? stranger : patient),
    guardianship,
    grantee: s.grantee === 'any' ? ANY_ADMITTED_NODE : chain.nodeIds.insurer,
    granteeName: s.grantee === 'any' ? '' : 'insurer',
    purpose: 'TREAT',
    actions: ['access'],
    categories: s.categories,
    sensitivity: s.sensitivity,
    anchors: s.anchors,
    authors: s.authors,
    dataFrom: s.dataFrom,
    dataTo: s.dataTo !== 0n && s.dataTo < s.dataFrom ? s.dataFrom : s.dataTo,
    except: s.except.map((one) => ({
      ...one,
      readers: one.readers.map((who) => chain.nodeIds[who]),
    })),
    ...dates,
    submitBy: s.isInTime ? dates.notAfter : 1n,
    epoch: s.consent.epoch,
    nonce: s.nonce,
    home: networks[0]?.networkId ?? ZERO_32,
    networkNames: ['one', 'two'],
    networks,
  };
  return { ...draft, statement: statementOf(draft) };
}

/** Grants and revokes on chain as the scenario has it. */
async function settle(
  { consents }: Chain,
  by: Wallet,
  digest: Hex,
  { granted, revoked }: Pick<Standing, 'granted' | 'revoked'>,
): Promise<void> {
  if (granted) {
    const signature = signDigest(fromHex(by.privateKey), fromHex(digest));
    await consents.grant(by.address, digest, signature);
  }
  if (!revoked) return;
  const message = { account: by.address, digest };
  await consents.revoke(by.address, digest, await sign(by, 'RevokeConsent', message));
}

/** What the contract reverts with, or `allowed`. */
async function verdictOf(call: Promise<boolean>): Promise<string> {
  try {
    return (await call) ? 'allowed' : 'false';
  } catch (error) {
    const text = isError(error, 'CALL_EXCEPTION') ? `${error.revert?.name ?? ''}(` : String(error);
    return /(?:custom error ')?([A-Z][A-Za-z]+)\(/.exec(text)?.[1] ?? text;
  }
}

const statusOf = async ({ consents }: Chain, account: Hex, digest: Hex, epoch: bigint) => {
  const [state, grantedAt] = await consents.statusOf(account, digest, epoch);
  return { state: Number(state), grantedAt } satisfies ConsentStatus;
};

/** As the founders were admitted; the one that is suspended was suspended afterwards. */
function granteeOf({ nodeIds }: Chain, nodeId: Hex): Grantee | undefined {
  if (nodeId === nodeIds.nobody) return undefined;
  const [name = ''] = Object.entries(nodeIds).find(([, known]) => known === nodeId) ?? [];
  return { name, state: name === 'suspended' ? 'suspended' : 'admitted' };
}

/** As the generated types of the contract want it: lists that may be written, no networks. */
type Written<T> = {
  -readonly [K in keyof Omit<T, 'networks'>]: T[K] extends readonly (infer U)[]
    ? (U extends object ? Written<U> : U)[]
    : T[K];
};
function written<T extends Document>(document: T): Written<T> {
  const { networks: _, ...rest } = document;
  return structuredClone(rest) as unknown as Written<T>; // a copy may be written
}

async function bothVerdicts(chain: Chain, s: Scenario): Promise<[ours: string, theirs: string]> {
  const now = await chain.now();
  const guardianship = guardianshipOf(chain, s, now);
  const above = guardianshipDigest(federationId, guardianship);
  const named = s.guardianship.isNamed ? above : hex(id('another guardianship'));
  const consent = consentOf(chain, s, now, s.delegated ? named : ZERO_32);
  const digest = consentDigest(federationId, consent);
  const [by, signer] = s.delegated
    ? [delegate, guardianship.delegate]
    : [s.patient === 'strange' ? stranger : patient, consent.patient];
  await settle(chain, by, digest, s.consent);
  if (s.delegated) {
    const hers = s.guardianship.isHers ? patient : stranger;
    await settle(chain, hers, above, s.guardianship.standing);
    await settle(chain, patient, digest, { granted: false, revoked: s.guardianship.taken });
  }

  const shown = showConsent(consent, consent.networks[0]?.networkId ?? ZERO_32);
  const shownAbove = showGuardianship(guardianship, guardianship.networks[0]?.networkId ?? ZERO_32);
  const reader = chain.nodeIds[s.reader];
  const patientId = s.patient === 'unknown' ? hex(id('nobody')) : chain.patientId;

  const use: ConsentUse = {
    consent: shown,
    signer,
    status: await statusOf(chain, signer, digest, consent.epoch),
    own: {
      networkId: hex(NETWORK),
      chainId: BigInt(CHAIN),
      registry: hex(chain.at.consents),
      patientId,
      authority: s.patient === 'unknown' ? undefined : accountOf(patient),
      granteeOf: (nodeId) => granteeOf(chain, nodeId),
    },
    chainTime: await chain.now(),
    reader,
    purpose: s.purpose,
    action: s.action,
    ...(s.delegated && {
      guardian: {
        message: shownAbove,
        digest: above,
        status: await statusOf(chain, guardianship.patient, above, guardianship.epoch),
        consentStatus: await statusOf(chain, guardianship.patient, digest, FAR_EPOCH),
      },
    }),
  };
  const ours = consentRefusal(use) ?? recordRefusal(shown, reader, s.record);

  const { record } = s;
  const access = {
    ...{ patientId, reader, purpose: s.purpose, action: s.action, ...record },
    sensitivity: [...record.sensitivity],
  };
  const { consents } = chain;
  const { own, scopeHashes } = shown;
  const text = written(consent);
  const hashes = [...scopeHashes];
  const delegation = {
    guardianship: written(guardianship),
    own: shownAbove.own,
    scopeHashes: [...shownAbove.scopeHashes],
  };
  const call = s.delegated
    ? consents.isAllowedByDelegate.staticCall(text, own, hashes, access, delegation)
    : consents.isAllowed.staticCall(text, own, hashes, access);
  return [ours?.code ?? 'allowed', await verdictOf(call)];
}

describe('consentRules and ConsentRegistry.isAllowed', () => {
  it('hostile 8 to 11, 19, 20: give the same verdict under the same name', async function () {
    this.timeout(120_000);
    const chain = await chainWithPatient();
    const seen = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(scenario, async (s) => {
        const [ours, theirs] = await bothVerdicts(chain, s);
        expect(ours).to.equal(theirs);
        seen.set(ours, (seen.get(ours) ?? 0) + 1);
      }),
      { numRuns: 200 },
    );
    expect([...seen.keys()]).to.include('allowed');
    expect(seen.size, [...seen.keys()].join(' ')).to.be.at.least(14);
  });
});

/** A network in which she is opened, every account's `minEpoch` is 1, and one node is suspended. */
async function chainWithPatient(): Promise<Chain> {
  const { ethers, ...connection } = await network.create('edge');
  const edge = await deployEdge({ ethers, ...connection });
  const idNonce = id('nonce');
  const account = { authority: patient.address, idNonce, inboxKeyHash: id('inbox') };
  const signature = await sign(patient, 'OpenPatient', account);
  await edge.patients.openPatient(patient.address, idNonce, account.inboxKeyHash, signature);
  for (const by of [patient, delegate, stranger]) {
    const message = { account: by.address, minEpoch: 1n };
    await edge.consents.revokeAll(by.address, 1n, await sign(by, 'RevokeAll', message));
  }
  const idOf = async (signer: Edge['insurer']): Promise<Hex> => hex(await edge.idOf(signer));
  const suspended = await idOf(edge.gateway);
  await edge.govern(edge.onNode('suspend', suspended));
  return {
    ...edge,
    patientId: patientIdOf(hex(NETWORK), accountOf(patient), hex(idNonce)),
    nodeIds: {
      insurer: await idOf(edge.insurer),
      'hospital A': await idOf(edge.hospitalA),
      suspended,
      nobody: hex(id('nobody')),
    },
    now: async () => BigInt((await ethers.provider.getBlock('latest'))?.timestamp ?? 0),
  };
}
