import type { LocalNetwork } from '../src/localnet/network.ts';
import { waysInto } from '../src/localnet/ways.ts';
import { whoLooked } from '../src/client/reading/whoLooked.ts';
import { type Check, check } from './checks.ts';
import type { ConsentStory } from './consentStory.ts';
import type { EmergencyStory } from './emergencyStory.ts';
import { random } from './network.ts';

/** Whether the second story holds, looked up anew. */
export async function checkConsents(network: LocalNetwork, story: ConsentStory): Promise<Check[]> {
  const { before, after, readings, holder, enrolled } = story;
  const allowed = new Set(story.categories);
  const beyond = readings.flatMap(({ records }) =>
    records.filter(
      ({ message }) => !allowed.has(message.category) || message.sensitivity.length > 0,
    ),
  );
  const again = await story.again();
  const ways = await waysInto(network, random);
  const problems: string[] = [];
  let receipts = 0;
  for (const name of enrolled.patient.hospitals) {
    const node = ways.nodes.get(network.node(name).self.nodeId);
    if (node === undefined) {
      problems.push(`${name} is no node`);
      continue;
    }
    const { verdict } = await whoLooked(enrolled.wallet, enrolled.network, node, ways);
    if (verdict.kind !== 'ok') problems.push(`the log of ${name} has faults`);
    receipts += verdict.receipts.length;
    if (name !== holder) continue;
    for (const { receipt } of readings)
      if (!verdict.receipts.some((logged) => Number(logged.receipt.n) === receipt.n))
        problems.push(`a receipt of ${name} is not in its log`);
  }
  return [
    check(
      'nobody reads before the grant or after the revocation',
      [
        ...(before === 'NotGranted' ? [] : [`before: ${before}`]),
        ...(after === 'Revoked' ? [] : [`after: ${after}`]),
        ...(again === 'Revoked' ? [] : [`asked once more: ${again}`]),
      ],
      `${before}, ${after}, ${again}`,
    ),
    check(
      'a reader gets what the consent names and nothing else',
      [
        ...beyond.map(({ message }) => `got a record of the category ${message.category}`),
        ...(readings.every(({ records }) => records.length > 0) ? [] : ['a reading was empty']),
      ],
      `${readings.reduce((sum, { records }) => sum + records.length, 0)} records handed over`,
    ),
    check('every receipt is in the log that stands on chain', problems, `${receipts} receipts`),
  ];
}

/** Whether the third story holds. */
export function checkEmergency(story: EmergencyStory | undefined): Check[] {
  if (story === undefined) return [];
  const { withoutReason, reading, notices, stranger } = story;
  return [
    check(
      'an emergency opens the summary alone, with two custodians, and tells the patient',
      [
        ...(withoutReason === 'ReasonMissing' ? [] : [`without a reason: ${withoutReason}`]),
        ...(reading.summary.message.category === 'emergency-summary'
          ? []
          : ['another record opened']),
        ...(reading.releasedBy.length >= 2 ? [] : ['fewer than two shares']),
        ...(notices.length >= 2 && notices.every(({ notice }) => notice !== undefined)
          ? []
          : ['she was not told']),
      ],
      `at ${stranger}, ${reading.releasedBy.length} shares, ${notices.length} notices`,
    ),
  ];
}
