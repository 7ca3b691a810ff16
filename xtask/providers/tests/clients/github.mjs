// GitHub's own client, against the address and with the token that it is given. What it was answered
// is one line of JSON for each call, with the status.
import { Octokit } from "@octokit/core";
import { restEndpointMethods } from "@octokit/plugin-rest-endpoint-methods";
import sodium from "libsodium-wrappers";

const [baseUrl, auth] = process.argv.slice(2);
const Client = Octokit.plugin(restEndpointMethods);
const client = new Client({ baseUrl, auth, log: { debug() {}, info() {}, warn() {}, error() {} } });
const repository = { owner: "acme", repo: "nutri" };
const place = { ...repository, environment_name: "production" };

async function call(name, asked) {
  try {
    const { status, data } = await asked();
    console.log(JSON.stringify({ name, status, data: data ?? null }));
    return data;
  } catch (error) {
    const message = error.response?.data?.message ?? String(error);
    console.log(JSON.stringify({ name, status: error.status ?? 0, message }));
    return undefined;
  }
}

const { actions, repos } = client.rest;
const deploy = (environment) => ({
  ...repository,
  ref: "c0",
  environment,
  auto_merge: false,
  required_contexts: [],
  description: "rollout of c0",
});

// Deployments, from the first to the one that makes it inactive.
const first = await call("deployment", () => repos.createDeployment(deploy("staging")));
const say = (deployment, state) => () =>
  repos.createDeploymentStatus({ ...repository, deployment_id: deployment.id, state });
for (const state of ["queued", "in_progress", "success"]) {
  await call(state, say(first, state));
}
const second = await call("deployment", () => repos.createDeployment(deploy("staging")));
await call("success", say(second, "success"));
await call("list", () => repos.listDeployments({ ...repository, environment: "staging" }));
await call("statuses", () =>
  repos.listDeploymentStatuses({ ...repository, deployment_id: first.id }),
);
await call("a merge", () => repos.createDeployment({ ...deploy("staging"), auto_merge: true }));
await call("no commit", () => repos.createDeployment({ ...deploy("staging"), ref: "c9" }));
await call("no state", say(second, "fine"));

// A secret, sealed as GitHub's own pages tell, and a variable.
await sodium.ready;
const key = await call("key", () => actions.getEnvironmentPublicKey(place));
const seal = (text) => {
  const to = sodium.from_base64(key.key, sodium.base64_variants.ORIGINAL);
  const sealed = sodium.crypto_box_seal(sodium.from_string(text), to);
  return sodium.to_base64(sealed, sodium.base64_variants.ORIGINAL);
};
const secret = { ...place, secret_name: "JWT", key_id: key.key_id };
const put = (text) => () =>
  actions.createOrUpdateEnvironmentSecret({ ...secret, encrypted_value: seal(text) });
await call("made", put("söme thing"));
await call("changed", put("another thing"));
await call("secrets", () => actions.listEnvironmentSecrets({ ...place, per_page: 1 }));
await call("not sealed", () =>
  actions.createOrUpdateEnvironmentSecret({ ...secret, encrypted_value: "bm8=" }),
);
await call("other key", () =>
  actions.createOrUpdateEnvironmentSecret({ ...secret, key_id: "1", encrypted_value: seal("x") }),
);
const variable = { ...place, name: "NOTES" };
await call("variable", () => actions.createEnvironmentVariable({ ...variable, value: "one" }));
await call("again", () => actions.createEnvironmentVariable({ ...variable, value: "one" }));
await call("update", () => actions.updateEnvironmentVariable({ ...variable, value: "two" }));
await call("read", () => actions.getEnvironmentVariable(variable));
await call("none", () => actions.getEnvironmentVariable({ ...place, name: "OTHER" }));
await call("deleted", () =>
  actions.deleteEnvironmentSecret({ ...place, secret_name: "JWT" }),
);
