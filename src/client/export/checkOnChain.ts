import { Interface, type LogDescription, type Result } from 'ethers';
import { headerAt } from '../../chain/blocks.ts';
import { requireChainId, type Rpc } from '../../chain/rpc.ts';
import { CarelatticeError } from '../../errors.ts';
import type { Hex } from '../../hash/bytes.ts';
import type { ChainClaim, ClaimPlace } from './findings.ts';

/** What the chain says of a claim now. */
export interface ClaimVerdict {
  readonly claim: ChainClaim;
  readonly result: 'stands' | 'differs' | 'not checked';
  /** What the chain says instead, or why it was not asked. */
  readonly detail: string;
}

const abi = new Interface([
  'event NodeAdmitted(bytes32 indexed nodeId,uint8 role,address signingKey,uint16 position,bytes kemKey,bytes32 tlsKeyHash,string name,string endpoint,bytes32 licenceHash,uint48 admittedAt,uint48 activeFrom)',
  'event SigningKeyRotated(bytes32 indexed nodeId,uint32 keyEpoch,address oldKey,address newKey)',
  'event ReceiptsAnchored(bytes32 indexed nodeId,uint64 size,bytes32 root)',
  'event StorageRequested(uint64 indexed request,uint16 indexed position,bytes32 batchRoot,bytes32 queryDigest,uint16 paddedCount,uint32 tagEpoch)',
  'function authorityOf(bytes32 patientId) view returns (address)',
  'function statusOf(address account,bytes32 digest,uint64 epoch) view returns (uint8 state,uint48 grantedAt)',
  'function isValidSignature(bytes32 digest,bytes signature) view returns (bytes4)',
]);
/** ERC-1271. */
const VALID = '0x1626ba7e';

/**
 * Compares the claims of a verified export with a chain node that its reader trusts. One claim that cannot be asked
 * does not stop the others. @throws `WrongChain`, and of the transport when the node does not answer at all
 */
export async function checkOnChain(
  claims: readonly ChainClaim[],
  place: ClaimPlace,
  rpc: Rpc,
): Promise<ClaimVerdict[]> {
  await requireChainId(rpc, place.chainId);
  const verdicts: ClaimVerdict[] = [];
  for (const claim of claims) {
    try {
      const detail = await differenceOf(claim, place, rpc);
      verdicts.push({ claim, result: detail === '' ? 'stands' : 'differs', detail });
    } catch (error) {
      if (!(error instanceof CarelatticeError)) throw error;
      verdicts.push({ claim, result: 'not checked', detail: error.message });
    }
  }
  return verdicts;
}

/** Empty when the chain says the same. */
async function differenceOf(
  claim: ChainClaim,
  { contracts }: ClaimPlace,
  rpc: Rpc,
): Promise<string> {
  switch (claim.kind) {
    case 'nodeKey': {
      const keys = await keysOf(rpc, contracts.NodeRegistry, claim.nodeId);
      return difference('account', keys.get(claim.keyEpoch), claim.account);
    }
    case 'authority': {
      const [account] = await view(rpc, contracts.PatientRegistry, 'authorityOf', [
        claim.patientId,
      ]);
      return difference('account', account, claim.account);
    }
    case 'block': {
      const header = await headerAt(rpc, claim.number);
      return (
        difference('hash', header?.hash, claim.hash) || difference('time', header?.time, claim.time)
      );
    }
    case 'status': {
      const { signer, digest, epoch, state, grantedAt } = claim;
      const args = [signer, digest, epoch];
      const now = await view(rpc, contracts.ConsentRegistry, 'statusOf', args);
      return difference('state', now[0], state) || difference('grantedAt', now[1], grantedAt);
    }
    case 'contractSignature': {
      const args = [claim.digest, claim.signature];
      const [answer] = await view(rpc, claim.signer, 'isValidSignature', args);
      return difference('answer of the wallet', answer, VALID);
    }
    case 'anchored': {
      const { block, holder, size, root } = claim;
      const topics = [topicOf('ReceiptsAnchored'), holder];
      const logs = await logsOf(rpc, contracts.AccessLedger, topics, block, block);
      const same = logs.some(({ args }) => Number(args['size']) === size && args['root'] === root);
      return same ? '' : `no anchor of size ${size} with this root in block ${block}`;
    }
    case 'batch': {
      const request = `0x${claim.request.toString(16).padStart(64, '0')}`;
      const topics = [topicOf('StorageRequested'), request];
      const [log] = await logsOf(rpc, contracts.RecordExchange, topics, 0, 'latest');
      return difference('batch root', log?.args['batchRoot'], claim.batchRoot);
    }
  }
}

/** Both as lower-case text; a number may come as a bigint. */
function difference(what: string, found: unknown, claimed: string | number): string {
  const text = String(found).toLowerCase();
  if (found !== undefined && text === String(claimed).toLowerCase()) return '';
  return `${what}: the chain has ${found === undefined ? 'none' : text}`;
}

/** The account of every key epoch that a node had. */
async function keysOf(rpc: Rpc, registry: Hex, nodeId: Hex): Promise<Map<number, string>> {
  const topics = [[topicOf('NodeAdmitted'), topicOf('SigningKeyRotated')], nodeId];
  const logs = await logsOf(rpc, registry, topics, 0, 'latest');
  return new Map(
    logs.map(({ name, args }) =>
      name === 'NodeAdmitted'
        ? [1, String(args['signingKey'])]
        : [Number(args['keyEpoch']), String(args['newKey'])],
    ),
  );
}

const topicOf = (event: string): string => abi.getEvent(event)?.topicHash ?? '';

async function view(rpc: Rpc, to: Hex, method: string, args: readonly unknown[]): Promise<Result> {
  const data = abi.encodeFunctionData(method, args);
  const answer = await rpc.send('eth_call', [{ to, data }, 'latest']);
  return readable(rpc, method, () => abi.decodeFunctionResult(method, String(answer)));
}

async function logsOf(
  rpc: Rpc,
  address: Hex,
  topics: readonly unknown[],
  from: number,
  to: number | 'latest',
): Promise<LogDescription[]> {
  const blockOf = (block: number | 'latest'): string =>
    block === 'latest' ? block : `0x${block.toString(16)}`;
  const filter = { address, topics, fromBlock: blockOf(from), toBlock: blockOf(to) };
  const answer = await rpc.send('eth_getLogs', [filter]);
  return readable(rpc, 'eth_getLogs', () => {
    // The parser refuses what is no log.
    const logs = answer as { topics: string[]; data: string }[];
    return logs.flatMap((log) => abi.parseLog(log) ?? []);
  });
}

function readable<T>(rpc: Rpc, method: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new CarelatticeError('RpcMalformed', 'the chain node gave an answer of a wrong form', {
      facts: { endpoint: rpc.endpoint, method },
      cause,
    });
  }
}
