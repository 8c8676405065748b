// Compiles the contracts to contracts/artifacts, the same bytes on every machine.
//
//   node compile.mjs [--out DIR]
//
// Sources are known to the compiler by virtual names ("contracts/CardToken.sol"), and no metadata hash is appended
// to the bytecode, so neither a path nor a comment changes what is deployed.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import solc from "solc";

const HERE = dirname(fileURLToPath(import.meta.url));
const CONTRACTS = dirname(HERE);
const SETTINGS = {
  evmVersion: "cancun",
  metadata: { appendCBOR: false, bytecodeHash: "none" },
  optimizer: { enabled: true, runs: 10000 },
  viaIR: true,
};

const OUTPUTS = ["abi", "metadata", "evm.bytecode.object", "evm.deployedBytecode.object"];

// "Transient storage ... is safe for reentrancy guards that are cleared at the end of the call": that is our use.
const isKnown = ({ errorCode, sourceLocation }) =>
  errorCode === "2394" && sourceLocation?.file === "@openzeppelin/contracts/utils/TransientSlot.sol";

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const pinned = JSON.parse(readFileSync(join(HERE, "package.json"), "utf8")).devDependencies;

function solidityFiles(folder) {
  return readdirSync(join(CONTRACTS, folder))
    .filter((name) => name.endsWith(".sol"))
    .sort()
    .map((name) => posix.join(folder, name));
}

function readSource(virtualName) {
  const own = virtualName.match(/^contracts\/(.*)$/);
  return readFileSync(own ? join(CONTRACTS, own[1]) : join(HERE, "node_modules", virtualName));
}

function findImport(virtualName) {
  try {
    return { contents: readSource(virtualName).toString("utf8") };
  } catch (error) {
    return { error: `${virtualName}: ${error.message}. Run "npm install --no-package-lock" in contracts/build.` };
  }
}

function compileAll(virtualNames) {
  const sources = virtualNames.map((name) => [name, { content: readSource(name).toString("utf8") }]);
  const input = {
    language: "Solidity",
    sources: Object.fromEntries(sources),
    settings: { ...SETTINGS, outputSelection: { "*": { "*": OUTPUTS } } },
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: findImport }));
  const complaints = (output.errors ?? []).filter((complaint) => !isKnown(complaint));
  if (complaints.length > 0) {
    throw new Error(complaints.map((complaint) => complaint.formattedMessage).join("\n"));
  }
  return output;
}

function artifact(virtualName, compiled) {
  const contractName = posix.basename(virtualName, ".sol");
  const contract = compiled.contracts[virtualName][contractName];
  const sources = [...Object.keys(JSON.parse(contract.metadata).sources)].sort();
  const own = sources.filter((source) => source.startsWith("contracts/"));
  return {
    contractName,
    compiler: `solc ${solc.version()}`,
    packages: pinned,
    settings: SETTINGS,
    sourceSha256: Object.fromEntries(own.map((source) => [source, sha256(readSource(source))])),
    abi: contract.abi,
    bytecode: `0x${contract.evm.bytecode.object}`,
    deployedBytecode: `0x${contract.evm.deployedBytecode.object}`,
  };
}

const { out } = parseArgs({ options: { out: { type: "string", default: join(CONTRACTS, "artifacts") } } }).values;
if (!solc.version().startsWith(`${pinned.solc}+`)) {
  throw new Error(`solc ${solc.version()} is installed, ${pinned.solc} is pinned: run npm install in contracts/build`);
}
const files = ["", "test"].flatMap(solidityFiles);
const compiled = compileAll(files.map((file) => posix.join("contracts", file)));
for (const file of files) {
  const made = artifact(posix.join("contracts", file), compiled);
  const target = join(out, file.replace(/\.sol$/, ".json"));
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, `${JSON.stringify(made, null, 1)}\n`);
  console.log(`${file}: ${(made.deployedBytecode.length - 2) / 2} bytes`);
}
