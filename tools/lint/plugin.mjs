/** Rules of this repository that no published plugin has. Each message says what to do instead. */
import { builtinRules } from 'eslint/use-at-your-own-risk';
import { relative, sep } from 'node:path';
import { PACKAGE_OWNERS, SCOPES, SPEC_EXTRAS } from './boundaries.mjs';
import { scopesByPackage } from './projects.mjs';

const RANDOM_NAMES = new Set(['randomUUID', 'randomBytes', 'randomInt', 'getRandomValues', 'randomFillSync']);
const TIMER_NAMES = new Set(['setTimeout', 'setInterval']);
const TIMER_MODULES = /^(node:)?timers(\/promises)?$/;
const TEST_NAMES = new Set(['describe', 'it', 'test']);

const TIME = 'take a Clock from @rackwright/kernel: time is injected, so that tests and the simulator can drive it';
const RANDOM =
  'take a RandomSource or IdFactory from @rackwright/kernel, so that a failure can be replayed from its seed';

function memberName(node) {
  if (node.type !== 'MemberExpression' || node.object.type !== 'Identifier' || node.computed) return undefined;
  return `${node.object.name}.${node.property.name}`;
}

function calleeMessage(callee) {
  const name = callee.type === 'Identifier' ? callee.name : memberName(callee);
  if (name === undefined) return undefined;
  const last = name.split('.').at(-1);
  if (name === 'Date.now' || (TIMER_NAMES.has(last) && /^(globalThis\.|global\.)?set/.test(name))) return TIME;
  if (name === 'Math.random' || RANDOM_NAMES.has(last)) return RANDOM;
  return undefined;
}

const noAmbientWorld = {
  create: (context) => ({
    CallExpression(node) {
      const message = calleeMessage(node.callee);
      if (message !== undefined) context.report({ node, message });
    },
    NewExpression(node) {
      const isNow = node.callee.type === 'Identifier' && node.callee.name === 'Date' && node.arguments.length === 0;
      if (isNow) context.report({ node, message: TIME });
    },
    ImportDeclaration(node) {
      if (TIMER_MODULES.test(node.source.value)) context.report({ node, message: TIME });
    },
    'ImportSpecifier, ExportSpecifier'(node) {
      const fromCrypto = /^(node:)?crypto$/.test(node.parent.source?.value ?? '');
      const name = (node.imported ?? node.local).name;
      if (fromCrypto && RANDOM_NAMES.has(name)) context.report({ node, message: RANDOM });
    },
  }),
};

const noProcessEnv = {
  create: (context) => ({
    MemberExpression(node) {
      if (memberName(node) !== 'process.env') return;
      context.report({ node, message: 'read the environment in a *.config.ts file and pass typed values on' });
    },
  }),
};

const packageOwners = {
  create(context) {
    const file = relative(context.cwd, context.filename).split(sep).join('/');
    const check = (node) => {
      const source = node.source?.value;
      const owner = PACKAGE_OWNERS.find((entry) => typeof source === 'string' && entry.packages.test(source));
      if (owner !== undefined && !owner.files.test(file)) context.report({ node, message: owner.why });
    };
    return {
      ImportDeclaration: check,
      ImportExpression: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
    };
  },
};

const SPEC_FILE = /\.spec\.ts$|\/src\/testing\//;

/** Nx judges what it can resolve; this judges by the name alone, so that subpaths and apps are covered too. */
const workspaceImports = {
  create(context) {
    const file = relative(context.cwd, context.filename).split(sep).join('/');
    const scopes = scopesByPackage(context.cwd);
    const own = scopes.find((project) => file.startsWith(`${project.folder}/`));
    const allowed = [...(SCOPES[own?.scope] ?? []), ...(SPEC_FILE.test(file) ? SPEC_EXTRAS : [])];
    const check = (node) => {
      const name = /^@rackwright\/[^/]+/.exec(node.source?.value ?? '')?.[0];
      const target = scopes.find((project) => project.name === name);
      if (target === undefined || own === undefined || target === own || own.scope === 'test') return;
      const isApp = target.name.startsWith('@rackwright/app-');
      if (isApp || !allowed.includes(target.scope)) {
        context.report({ node, message: `scope ${own.scope} does not import ${name}; see tools/lint/boundaries.mjs` });
      }
    };
    return {
      ImportDeclaration: check,
      ImportExpression: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
    };
  },
};

const maxParams = {
  create(context) {
    const [{ functions, constructors }] = context.options;
    const check = (node) => {
      const isConstructor = node.parent.type === 'MethodDefinition' && node.parent.kind === 'constructor';
      const max = isConstructor ? constructors : functions;
      if (node.params.length <= max) return;
      context.report({ node, message: `${node.params.length} parameters; at most ${max}, use an options object` });
    };
    return { FunctionDeclaration: check, FunctionExpression: check, ArrowFunctionExpression: check };
  },
  meta: { schema: [{ type: 'object' }] },
};

function declaresTest(statement) {
  let callee = statement.type === 'ExpressionStatement' ? statement.expression : undefined;
  while (callee !== undefined && callee.type !== 'Identifier') callee = callee.callee ?? callee.object ?? callee.tag;
  return callee !== undefined && TEST_NAMES.has(callee.name);
}

/** A list of tests is not a long function; the tests in it are measured one by one. */
function isListOfTests(node) {
  return node?.body?.type === 'BlockStatement' && node.body.body.some(declaresTest);
}

const core = builtinRules.get('max-lines-per-function');
const maxLinesPerFunction = {
  meta: core.meta,
  create: (context) =>
    core.create(
      Object.create(context, {
        report: {
          value: (descriptor) => {
            if (!isListOfTests(descriptor.node)) context.report(descriptor);
          },
        },
        options: { value: context.options },
      }),
    ),
};

const portSize = {
  create: (context) => ({
    TSInterfaceDeclaration(node) {
      const methods = node.body.body.filter((member) => member.type === 'TSMethodSignature').length;
      if (!node.id.name.endsWith('Port') || methods <= 8) return;
      context.report({ node: node.id, message: `a port of ${methods} methods; split it by capability (at most 8)` });
    },
  }),
};

export default {
  meta: { name: 'rackwright' },
  rules: {
    'no-ambient-world': noAmbientWorld,
    'no-process-env': noProcessEnv,
    'package-owners': packageOwners,
    'workspace-imports': workspaceImports,
    'max-params': maxParams,
    'max-lines-per-function': maxLinesPerFunction,
    'port-size': portSize,
  },
};
