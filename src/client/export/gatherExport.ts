import type { EdgeContracts } from '../../chain/contracts.ts';
import { headerAt } from '../../chain/blocks.ts';
import { finalBlock } from '../../chain/finality.ts';
import type { Manifest } from '../../chain/manifest.ts';
import type { Rpc } from '../../chain/rpc.ts';
import { recoverAccount } from '../../crypto/signatures.ts';
import type { KnownNode } from '../../domain/knownNode.ts';
import { CarelatticeError } from '../../errors.ts';
import type { Language } from '../../fhir/views/narrative.ts';
import { concat, fromHex, toHex, type Hex } from '../../hash/bytes.ts';
import { showConsent, showGuardianship } from '../../wire/consent.ts';
import type { ReceiptOpening } from '../../wire/readMessages.ts';
import type { EraseRecords } from '../../wire/typedData.ts';
import type { ExportSources, SignedConsent, SilentNode, ServedLogOf } from './exportRecord.ts';
import { sealedOrder, type NodeHistory } from './sealedOrder.ts';
import { consentIn, guardianshipIn, keptConsentOf } from '../consent/keptConsents.ts';
import {
  type OwnDoor,
  ownHistories,
  ownRecords,
  type OwnReadRecord,
} from '../reading/ownRecords.ts';
import { placeOf, signFor } from '../patientMessages.ts';
import {
  authorityOf,
  networkOf,
  nodeSecrets,
  type Wallet,
  type WalletNetwork,
} from '../wallet/wallet.ts';
import { type LogReader, logHoldersOf, whoLooked } from '../reading/whoLooked.ts';

/** What the chain says of the things in an export. */
export interface ExportChain {
  readonly contracts: ExportSources['contracts'];
  readonly block: ExportSources['block'];
  statusOf(signer: Hex, digest: Hex, epoch: bigint): Promise<SignedConsent['status']>;
  /** Unix seconds of a block. */
  timeOf(block: number): Promise<number>;
}

/** @throws `NoFinalBlock` while the chain has none, and of the transport */
export async function exportChain(
  { finality, contracts: deployed }: Manifest,
  contracts: EdgeContracts,
  rpc: Rpc,
): Promise<ExportChain> {
  const block = await finalBlock(rpc, finality);
  if (block === undefined) throw noBlock('final');
  const times = new Map<number, number>();
  return {
    contracts: {
      NodeRegistry: deployed.NodeRegistry.address,
      PatientRegistry: deployed.PatientRegistry.address,
      ConsentRegistry: deployed.ConsentRegistry.address,
      AccessLedger: deployed.AccessLedger.address,
      RecordExchange: deployed.RecordExchange.address,
    },
    block: { number: block.number, hash: block.hash, time: block.time },
    async statusOf(signer, digest, epoch) {
      const [state, grantedAt] = await contracts.consents.call(
        'statusOf',
        [signer, digest, epoch],
        'latest',
      );
      return { state: Number(state), grantedAt: Number(grantedAt) };
    },
    async timeOf(number) {
      const known = times.get(number) ?? (await headerAt(rpc, number))?.time;
      if (known === undefined) throw noBlock(String(number));
      times.set(number, known);
      return known;
    },
  };
}

const noBlock = (block: string): CarelatticeError =>
  new CarelatticeError('NoSuchBlock', 'the chain node has not this block; ask one that has', {
    facts: { block },
    retryable: true,
  });

export type ExportDoor = OwnDoor & LogReader;

export interface Gathered {
  readonly sources: ExportSources;
  /** Nodes that did not give all, and why: what they alone have is not in the export, which says so. */
  readonly silent: readonly SilentHolder[];
}

export type SilentHolder = Omit<SilentNode, 'why'> & { readonly error: CarelatticeError };

/**
 * All that an export of her record in this network is made of: records and histories from every node where she is
 * enrolled, the receipts also from those that she has left and from her card's custodians, her consents from her wallet,
 * their status from the chain.
 * @throws `NotInRelations`, or the first node's error when none gave anything
 */
export async function gatherExport(
  wallet: Wallet,
  manifest: Pick<Manifest, 'federationId' | 'networkId' | 'chainId'>,
  door: ExportDoor,
  chain: ExportChain,
  language: Language,
): Promise<Gathered> {
  const network = networkOf(wallet, manifest);
  const { found, silent } = await askNodes(wallet, network, door, chain);
  const histories = found.flatMap(({ history }) => history ?? []);
  const logs = found.flatMap(({ log }) => log ?? []);
  if (histories.length === 0 && logs.length === 0 && silent[0] !== undefined) throw silent[0].error;
  const consents = await consentsOf(wallet, network, chain);
  const authority = authorityOf(wallet);
  const { federationId, networkId, chainId, patientId } = network;
  const sources: ExportSources = {
    language,
    ...{ federationId, networkId, chainId, patientId },
    contracts: chain.contracts,
    block: chain.block,
    accounts: [...new Set([authority, ...consents.map(({ consent }) => consent.patient)])],
    nodes: [...door.nodes.values()],
    records: sealedOrder(histories).map((one) =>
      'proof' in one ? provenRecord(one) : absentRecord(wallet, network, one),
    ),
    histories: histories.flatMap(({ holder, histories: own }) =>
      own.map((one) => ({ holder, ...one })),
    ),
    consents,
    logs,
    silent: silent.map(({ error, ...node }) => ({ ...node, why: error.code })),
  };
  return { sources, silent };
}

interface NodeSources {
  readonly history: NodeHistory | undefined;
  readonly log: ServedLogOf | undefined;
}

/** What one node does not give keeps nothing else out. @throws `NotInRelations` when no node can have anything of hers */
async function askNodes(
  wallet: Wallet,
  network: WalletNetwork,
  door: ExportDoor,
  chain: ExportChain,
): Promise<{ found: NodeSources[]; silent: SilentHolder[] }> {
  const ids = logHoldersOf(network);
  if (ids.length === 0)
    throw new CarelatticeError('NotInRelations', 'she is enrolled at no node of this network');
  const enrolledAt = new Set(network.relations.map(({ nodeId }) => nodeId));
  const silent: SilentHolder[] = [];
  const found: NodeSources[] = [];
  for (const nodeId of ids) {
    const node = door.nodes.get(nodeId);
    const given = async <T>(lacks: SilentNode['lacks'], ask: (node: KnownNode) => Promise<T>) => {
      try {
        if (node === undefined) throw noSuchNode(nodeId);
        return await ask(node);
      } catch (error) {
        if (!(error instanceof CarelatticeError)) throw error;
        const name = node === undefined ? {} : { name: node.name };
        silent.push({ nodeId, ...name, lacks, error });
        return undefined;
      }
    };
    const history = enrolledAt.has(nodeId)
      ? await given('records', (one) => historyAt(wallet, network, one, door))
      : undefined;
    const log = await given('log', (one) => logAt(wallet, network, one, door, chain));
    found.push({ history, log });
  }
  return { found, silent };
}

const noSuchNode = (nodeId: Hex): CarelatticeError =>
  new CarelatticeError('NodeUnknown', 'this is no node of the network', { facts: { nodeId } });

async function historyAt(
  wallet: Wallet,
  network: WalletNetwork,
  node: KnownNode,
  door: ExportDoor,
): Promise<NodeHistory> {
  const { histories, absent } = await ownHistories(wallet, network, node, door);
  const records: OwnReadRecord[] = [];
  for await (const record of ownRecords(wallet, network, node, door)) records.push(record);
  return { holder: node.nodeId, histories, absent, records };
}

async function logAt(
  wallet: Wallet,
  network: WalletNetwork,
  node: KnownNode,
  door: ExportDoor,
  chain: ExportChain,
): Promise<ServedLogOf> {
  const { leaves, openings } = await whoLooked(wallet, network, node, door);
  return {
    holder: node.nodeId,
    accessKey: nodeSecrets(wallet, network, node.nodeId).accessKey,
    anchored: door.anchoredBy(node.nodeId),
    leaves: leaves.map(({ tag, inner }) => toHex(concat(fromHex(tag, 16), fromHex(inner, 32)))),
    openings: await Promise.all(openings.map((one) => openingOf(network, one, chain))),
  };
}

async function openingOf(
  network: WalletNetwork,
  opening: ReceiptOpening,
  chain: ExportChain,
): Promise<ServedLogOf['openings'][number]> {
  const { n, salt, signature, released, anchors, receipt } = opening;
  const { signature: requestSignature, ...request } = opening.request;
  const place = placeOf(network);
  const { blockNumber } = receipt;
  return {
    ...{ n, salt, signature, released, anchors },
    receipt: {
      ...receipt,
      ...place,
      n: BigInt(receipt.n),
      blockNumber: BigInt(blockNumber),
    },
    request: {
      message: {
        ...request,
        ...place,
        expiry: BigInt(request.expiry),
        nonce: BigInt(request.nonce),
      },
      signature: requestSignature,
    },
    time: await chain.timeOf(blockNumber),
  };
}

function provenRecord({ anchor, message, body, proof }: OwnReadRecord) {
  const { listed, recordKey, header, signature } = proof;
  const { handle, recordSalt, request, batch } = listed;
  const tied = batch === undefined ? {} : { batch };
  const own = { handle, anchor, recordSalt, recordKey, header, message, signature, body, request };
  return { ...own, ...tied };
}

/** An erased record gets her word again, signed by the account that is hers now. */
function absentRecord(
  wallet: Wallet,
  network: WalletNetwork,
  { handle, anchor, recordId, state }: NodeHistory['absent'][number],
) {
  const place = { handle, anchor, recordId };
  if (state === 'due') return { ...place, why: 'not opened' as const };
  const own = network.erasures?.find(({ anchors }) => anchors.includes(anchor));
  if (own === undefined) return { ...place, why: 'erased' as const };
  const { patientId } = network;
  const { seq, anchors } = own;
  const message: EraseRecords = { ...placeOf(network), patientId, seq: BigInt(seq), anchors };
  const signature = signFor(wallet, network, 'EraseRecords', message);
  return { ...place, why: 'erased' as const, erasure: { message, signature } };
}

/** Her consents for this network, each as a verifier of this network may see it. */
async function consentsOf(
  wallet: Wallet,
  { federationId, networkId }: WalletNetwork,
  chain: ExportChain,
): Promise<SignedConsent[]> {
  const own = (wallet.consents ?? []).filter(
    (one) => one.struct === 'Consent' && one.federationId === federationId,
  );
  const shown: SignedConsent[] = [];
  for (const kept of own) {
    const consent = consentIn(kept);
    if (!consent.networks.some((scope) => scope.networkId === networkId)) continue;
    const { digest, signer, signature } = kept;
    const under = kept.struct === 'Consent' ? kept.guardianship : undefined;
    const guardianship = under === undefined ? undefined : keptConsentOf(wallet, under);
    shown.push({
      consent: showConsent(consent, networkId),
      signer,
      signature,
      isContract: recoverAccount(fromHex(digest), signature) !== signer,
      ...(guardianship === undefined
        ? {}
        : {
            guardianship: {
              message: showGuardianship(guardianshipIn(guardianship), networkId),
              signature: guardianship.signature,
            },
          }),
      status: await chain.statusOf(signer, digest, consent.epoch),
    });
  }
  return shown;
}
