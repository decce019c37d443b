/** A patient's account and its guardians, each act a command of its own. */
import { runCommand } from '../src/config/commandLine.ts';
import { CarelatticeError } from '../src/errors.ts';
import { approve, guardianKey } from './account/guardian.ts';
import { freeze, recover } from './account/byGuardians.ts';
import { complete, guardians, rotate, show, veto } from './account/own.ts';

const ACTS = {
  show,
  guardians,
  'guardian-key': guardianKey,
  approve,
  freeze,
  recover,
  complete,
  rotate,
  veto,
};

const isAct = (name: string): name is keyof typeof ACTS => Object.hasOwn(ACTS, name);

await runCommand(async () => {
  const [name = '', ...args] = process.argv.slice(2);
  if (isAct(name)) return ACTS[name](args);
  const usage = `npm run account -- (${Object.keys(ACTS).join(' | ')}) ...`;
  throw new CarelatticeError('UnknownOption', `say which of them: ${name}. Usage: ${usage}`);
});
