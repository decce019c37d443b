/** `npm run demo`: tells the story of shared storage; exit code 1 when a check fails, 2 for a wrong option. */
import { demoOptions } from '../demo/options.ts';
import { runDemo } from '../demo/demo.ts';
import { CarelatticeError } from '../src/errors.ts';

try {
  const options = demoOptions(process.argv.slice(2), process.env);
  const tell = (line: string): void => console.log(line);
  const progress = (line: string): void => console.error(`    … ${line}`);
  const report = await runDemo(options, tell, progress);
  const failed = report.checks.filter(({ ok }) => !ok).length;
  console.log(
    `\n${report.ok ? 'All checks passed' : `${failed} CHECKS FAILED`} (${report.seconds} s).`,
  );
  if (options.json) console.log(JSON.stringify(report));
  process.exitCode = report.ok ? 0 : 1;
} catch (error) {
  if (!(error instanceof CarelatticeError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 2;
}
