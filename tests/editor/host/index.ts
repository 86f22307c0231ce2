/** What VS Code loads in the extension host: registers every test, then runs them. */
import './activation.js';
import './commands.js';
import './language.js';
import './models.js';
import './tasks.js';
import { runAll } from './runner.js';

export async function run(): Promise<void> {
  const results = process.env['MODELYARD_TEST_RESULTS'];
  if (results === undefined) throw new Error('MODELYARD_TEST_RESULTS does not say where the results go');
  await runAll(results, process.env['MODELYARD_TEST_GREP'] ?? '');
}
