import { isPresent } from '../../domain/presenceQuery.ts';
import { fromHex, type Hex } from '../../hash/bytes.ts';
import { isInTree } from '../../hash/merkleTree.ts';
import { CarelatticeError } from '../../errors.ts';
import type { SeenSeal, SeenSettlement } from '../../journal/chainTables.ts';
import { MessageType } from '../../wire/envelope.ts';
import { answerLeaf, rangeLeaf } from '../../wire/leaves.ts';
import {
  decodeMessage,
  encodeMessage,
  type RoundProofs,
  roundProofs,
} from '../../wire/messages.ts';
import type { Components } from '../components.ts';
import { packageOf } from './patients.ts';

/** What the consensus node took from this node, proved: a changed answer, a lost settlement, a missed delivery shows here. */

const hashes = (path: readonly Hex[]): Uint8Array[] => path.map((hash) => fromHex(hash, 32));

/** Type 22. */
export function takeProofs(c: Components, body: Uint8Array): void {
  const proofs = decodeMessage(roundProofs, body);
  const { from, to } = proofs;
  const seal = c.seen.sealOf(from);
  if (seal !== undefined && (seal.from !== from || seal.to !== to)) {
    throw new CarelatticeError('ProofsRefused', 'the proofs are not of a sealed range', {
      facts: { from, to },
    });
  }
  // Without the list the proofs are all that shows that there is one.
  const delivery = c.holding.delivery(from) ?? { from, to, state: 'receiving' };
  c.holding.putDelivery({ ...delivery, proofs });
}

/** Looks at every settled range whose proofs have come and raises what is wrong; says how many it looked at. */
export function judgeProofs(c: Components): number {
  let judged = 0;
  for (const delivery of c.holding.unjudged()) {
    const seal = c.seen.sealOf(delivery.from);
    const settled = c.seen.settledOf(delivery.from);
    const { proofs } = delivery;
    if (seal === undefined || settled === undefined || proofs === undefined) continue;
    // What is still on its way is waited for until the others would turn to another consensus node.
    const isComplete = delivery.state !== 'receiving';
    if (!isComplete && c.now() < settled.time + c.windows.takeOverSeconds) continue;
    for (const problem of problemsOf(c, proofs, seal, settled)) raiseAlarm(c, problem);
    c.holding.setJudged(delivery.from);
    judged++;
  }
  return judged;
}

interface Problem {
  kind: string;
  request: number;
  detail: string;
}

function problemsOf(
  c: Components,
  proofs: RoundProofs,
  seal: SeenSeal,
  settled: SeenSettlement,
): Problem[] {
  const { from, to, answersRoot } = seal;
  const problems: Problem[] = [];
  for (let request = from; request <= to; request++) {
    const given = c.seen.request(request)?.answered;
    const proof = proofs.answers.find((answer) => answer.request === request);
    if (given === undefined || proof === undefined) continue; // silence is unknown
    const leaf = answerLeaf({
      salt: proof.salt,
      request,
      nodeId: c.self.nodeId,
      bitmap: proof.bitmap,
    });
    if (proof.bitmap !== given || !isInTree(leaf, hashes(proof.path), fromHex(answersRoot, 32))) {
      problems.push({
        kind: 'wrongAnswer',
        request,
        detail: 'the answer under the answers root is not the one given',
      });
    }
    if (isMissed(c, request, given)) {
      problems.push({
        kind: 'missedDelivery',
        request,
        detail: 'answered yes and got neither delivery nor refusal',
      });
    }
  }
  const { sent = [], sentAt = 0 } = c.holding.delivery(from) ?? {};
  // Who settles at the end of the window, because it was down or something was outstanding, may come a round too late.
  const { answerRounds, roundSeconds } = c.windows;
  const isLate =
    sentAt >= seal.time + answerRounds * roundSeconds && proofs.settlement === undefined;
  if (sent.length > 0 && !isLate && !isSettlementTaken(c, proofs, sent, settled.receiptsRoot)) {
    problems.push({
      kind: 'wrongSettlement',
      request: proofs.from,
      detail: 'the settlement sent is not under the receipts root',
    });
  }
  return problems;
}

/** A node that knows the patient and may hold all she has gets a record of every batch that names her. */
function isMissed(c: Components, request: number, bitmap: Hex): boolean {
  const saidYes = Array.from({ length: fromHex(bitmap).length * 8 }, (_, i) => i).some((i) =>
    isPresent(bitmap, i),
  );
  if (!saidYes || c.holding.heldOfRequests(request, request).length > 0) return false;
  return c.holding
    .patients()
    .filter((patient) => patient.state === 'enrolled')
    .every((patient) =>
      packageOf(c, patient).scopes.every(({ handle }) => patient.relation.handles.includes(handle)),
    );
}

function isSettlementTaken(
  c: Components,
  proofs: RoundProofs,
  sent: readonly Hex[],
  receiptsRoot: Hex,
): boolean {
  const { settlement } = proofs;
  if (settlement === undefined || !sent.includes(settlement.digest)) return false;
  const { digest } = settlement;
  const leaf = rangeLeaf({
    salt: settlement.salt,
    from: proofs.from,
    to: proofs.to,
    nodeId: c.self.nodeId,
    digest,
  });
  return isInTree(leaf, hashes(settlement.path), fromHex(receiptsRoot, 32));
}

export function raiseAlarm(c: Components, problem: Problem): void {
  c.holding.addAlarm(problem.kind, problem.request, problem.detail, c.self.nodeId);
  c.log('alarm', { kind: problem.kind, request: problem.request });
  for (const node of c.nodes.all()) {
    if (node.role === 'consensus' && node.state === 'admitted') {
      c.courier.send(node.nodeId, MessageType.Alarm, encodeMessage(problem));
    }
  }
}
