/** `npm run test:clients`: HL7's reference engine judges what we emit, and our validator against it. Needs Java and Maven. */
import { broken, whole } from '../test-long/clients/brokenCases.ts';
import { emitted, textOfCase } from '../test-long/clients/cases.ts';
import { compared, errorsOf } from '../test-long/clients/compare.ts';
import { bringJudge, judged, missingPrograms } from '../test-long/clients/judge.ts';

const missing = missingPrograms();
if (missing.length > 0) {
  console.log(
    `SKIPPED: HL7's judge of FHIR did not run, this machine has no ${missing.join(', no ')}.`,
  );
} else {
  bringJudge();
  const ours = emitted();
  const others = [...whole(), ...broken()];
  const verdicts = judged([...ours, ...others].map(textOfCase));
  const errors = ours.flatMap(({ name }, index) =>
    errorsOf(verdicts[index] ?? []).map(({ at, text }) => `${name}: ${at}: ${text}`),
  );
  const { faults, explained, refused } = await compared(others, verdicts.slice(ours.length));
  console.log(`${ours.length} resources that we emit: ${errors.length} errors by HL7's engine.`);
  console.log(
    `${others.length} others, of which HL7 refuses ${refused}: ` +
      `${faults.length} differences, ${explained.length} explained ones.`,
  );
  for (const line of explained) console.log(`  explained: ${line}`);
  for (const line of [...errors, ...faults]) console.error(`  FAULT ${line}`);
  if (errors.length + faults.length > 0) process.exitCode = 1;
}
