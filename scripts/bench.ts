/** `npm run bench`: measures and compares with the goals; exit code 1 for a failed gate or a wrong result, 2 for a wrong option. */
import { benchOptions } from '../bench/options.ts';
import { runBench } from '../bench/bench.ts';
import { CarelatticeError } from '../src/errors.ts';

try {
  const options = benchOptions(process.argv.slice(2));
  const { lines, json, failures } = await runBench(options, (line) =>
    console.error(`    … ${line}`),
  );
  for (const line of lines) console.log(line);
  for (const failure of failures) console.log(`FAILED  ${failure}`);
  if (options.json) console.log(json);
  process.exitCode = failures.length === 0 ? 0 : 1;
} catch (error) {
  if (!(error instanceof CarelatticeError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = error.code === 'UnknownOption' ? 2 : 1;
}
