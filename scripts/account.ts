/** A patient's account and its guardians, each act a command of its own. */
import { runCommand } from '../src/config/commandLine.ts';
import { runAct } from './places.ts';
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

await runCommand(() => runAct('account', ACTS, process.argv.slice(2)));
