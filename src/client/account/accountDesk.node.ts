import { edgeContracts } from '../../chain/contracts.ts';
import { httpRpc } from '../../chain/httpRpc.ts';
import type { Manifest } from '../../chain/manifest.ts';
import { loadManifest } from '../../chain/manifestFile.ts';
import { CarelatticeError } from '../../errors.ts';
import type { Hex } from '../../hash/bytes.ts';
import type { PatientMessage } from '../../wire/messages.ts';
import { type HttpsWays, httpsWays } from '../httpsWays.node.ts';
import { terminalOf } from '../terminal.node.ts';
import { until } from '../until.ts';
import { slotSecret } from '../wallet/unlock.node.ts';
import { authorityOf, type Wallet, type WalletNetwork } from '../wallet/wallet.ts';
import { openWalletFile, replaceWalletFile } from '../wallet/walletFile.node.ts';
import { type AccountGuard, adoptRotation, bring, readGuard } from './authority.ts';
import type { GuardedPatient } from './guardians.ts';
import type { RecoveryNetwork } from './recover.ts';

/** A running network, for commands about a patient's account: guardians come with files and without her wallet. */
export interface NetworkDesk {
  readonly manifest: Pick<Manifest, 'federationId' | 'networkId' | 'chainId'>;
  readonly ways: Omit<RecoveryNetwork, 'registry'> & Pick<HttpsWays, 'pause'>;
  readonly registry: RecoveryNetwork['registry'];
}

/** With the wallet of the patient. */
export interface AccountDesk extends NetworkDesk {
  readonly wallet: Wallet;
  /** Writes the wallet back. */
  save(): Promise<void>;
}

export interface DeskConfig {
  readonly rpcUrl: string;
  readonly passphraseFile?: string | undefined;
}

/** @throws as `loadManifest` and `httpsWays` */
export async function openNetworkDesk(
  config: Pick<DeskConfig, 'rpcUrl'>,
  manifestFile: string,
): Promise<NetworkDesk & Disposable> {
  const rpc = httpRpc(config.rpcUrl);
  const manifest = await loadManifest(manifestFile, rpc);
  const ways = await httpsWays(manifest, rpc);
  return {
    manifest,
    ways,
    registry: edgeContracts(manifest, rpc).patientRegistry,
    [Symbol.dispose]() {
      ways.close();
    },
  };
}

/** @throws as `openNetworkDesk`, `slotSecret` and `openWalletFile` */
export async function openAccountDesk(
  config: DeskConfig,
  manifestFile: string,
  walletFile: string,
): Promise<AccountDesk & Disposable> {
  const wallet = await openWallet(config, walletFile);
  const network = await openNetworkDesk(config, manifestFile);
  return { ...network, wallet, save: () => replaceWalletFile(walletFile, wallet) };
}

/** The wallet behind a passphrase, typed or from its file. @throws as `slotSecret` and `openWalletFile` */
export async function openWallet(
  { passphraseFile }: Pick<DeskConfig, 'passphraseFile'>,
  walletFile: string,
): Promise<Wallet> {
  const terminal = terminalOf(process.stdin, process.stderr);
  const secret = await slotSecret('passphrase', { passphraseFile, terminal });
  return openWalletFile(walletFile, secret);
}

/** Her part of the wallet. @throws `NotInRelations` when the wallet is of nobody in this network */
export function ownNetwork({ wallet, manifest }: AccountDesk): WalletNetwork {
  const network = wallet.networks[manifest.networkId];
  if (network?.opened === true) return network;
  throw new CarelatticeError('NotInRelations', 'this wallet is enrolled nowhere in this network');
}

/** @throws `ApprovalMismatch` for a card or request of another network */
export function requireHere({ manifest }: NetworkDesk, file: GuardedPatient): void {
  const { federationId, networkId, chainId } = manifest;
  const isHere =
    file.federationId === federationId && file.networkId === networkId && file.chainId === chainId;
  if (isHere) return;
  throw new CarelatticeError(
    'ApprovalMismatch',
    'the file is of another network; take the one of this network, or name its own with --network',
    { facts: { network: networkId, file: file.networkId } },
  );
}

/** What stands on chain of her. @throws `PatientUnknown` when nobody of this id was ever enrolled */
export async function guardAt({ registry }: NetworkDesk, patientId: Hex): Promise<AccountGuard> {
  const guard = await readGuard(registry, patientId);
  if (!/^0x0*$/.test(guard.authority)) return guard;
  throw new CarelatticeError('PatientUnknown', 'this patient is not known on this chain', {
    facts: { patientId },
  });
}

/** Of the wallet's owner; a rotation that the chain shows meanwhile is adopted and kept. */
export async function ownGuard(desk: AccountDesk): Promise<AccountGuard> {
  const { networkId, patientId } = ownNetwork(desk);
  const guard = await guardAt(desk, patientId);
  if (adoptRotation(desk.wallet, new Map([[networkId, guard]]))) await desk.save();
  return guard;
}

/** @throws `OtherAccount` when the account was given to another key */
export async function guardedByHer(desk: AccountDesk): Promise<AccountGuard> {
  const guard = await ownGuard(desk);
  const account = authorityOf(desk.wallet);
  if (guard.authority === account) return guard;
  throw new CarelatticeError(
    'OtherAccount',
    'this wallet does not hold the account that signs for her now; give the wallet that does',
    { facts: { account, present: guard.authority } },
  );
}

/** Brings a message and waits until the chain shows what it does. @throws the contract's refusal, `AccountNotSeen` */
export async function bringAndSee(
  desk: NetworkDesk,
  message: PatientMessage,
  isShown: (guard: AccountGuard) => boolean,
): Promise<AccountGuard> {
  await bring(desk.ways, desk.manifest, message);
  return waitForGuard(desk, message.patientId, isShown);
}

/** @throws `AccountNotSeen` */
export function waitForGuard(
  desk: NetworkDesk,
  patientId: Hex,
  isShown: (guard: AccountGuard) => boolean,
): Promise<AccountGuard> {
  const seen = async (): Promise<AccountGuard | undefined> => {
    const guard = await guardAt(desk, patientId);
    return isShown(guard) ? guard : undefined;
  };
  return until(desk.ways, seen, accountNotSeen);
}

export const accountNotSeen = (): CarelatticeError =>
  new CarelatticeError(
    'AccountNotSeen',
    'the consensus node has the message, but the chain does not show it in time; look at `account -- show`, and at the log of that node',
    { retryable: true },
  );
