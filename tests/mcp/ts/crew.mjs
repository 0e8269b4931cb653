// A coordinator and a worker that know the board by MCP only: from a new project to a closed
// ticket. Usage: node crew.mjs URL (sdk | client) PROJECT, with the token in CALLBOARD_TOKEN.

import assert from "node:assert/strict";

const [url, generation, project] = process.argv.slice(2);
const headers = { Authorization: `Bearer ${process.env.CALLBOARD_TOKEN}` };
const who = { name: "crew", version: "1.0.0" };

async function connect() {
  const address = new URL(url);
  if (generation === "sdk") {
    const { Client } = await import("@modelcontextprotocol/sdk/client/index.js");
    const { StreamableHTTPClientTransport } = await import(
      "@modelcontextprotocol/sdk/client/streamableHttp.js"
    );
    const client = new Client(who);
    await client.connect(new StreamableHTTPClientTransport(address, { requestInit: { headers } }));
    return client;
  }
  const { Client, StreamableHTTPClientTransport } = await import("@modelcontextprotocol/client");
  const client = new Client(who, { versionNegotiation: { mode: "auto" } });
  await client.connect(new StreamableHTTPClientTransport(address, { requestInit: { headers } }));
  return client;
}

async function call(name, args) {
  const result = await client.callTool({ name, arguments: args });
  assert.ok(!result.isError, `${name}: ${JSON.stringify(result.content)}`);
  assert.deepEqual(JSON.parse(result.content[0].text), result.structuredContent);
  return result.structuredContent;
}

async function doStage(worker_id, comment) {
  const { assignment, next_step } = await call("claim_stage", { worker_id });
  assert.ok(assignment, next_step);
  const { run_id } = assignment.run;
  assert.equal((await call("heartbeat", { worker_id, run_id })).instruction, "continue");
  await call("complete_stage", { run_id, comment });
}

const client = await connect();
const { tools } = await client.listTools();
assert.ok(tools.every((tool) => tool.description && tool.inputSchema.type === "object"));

await call("create_project", { repository_name: project, path: "/src" });
for (const worker_type of ["implementation", "review"]) {
  await call("create_worker_type", { project_id: project, worker_type });
  await call("register_worker", {
    worker_id: `${generation}-${worker_type}`,
    project_id: project,
    worker_type,
  });
}
const { ticket_id } = await call("create_ticket", {
  project_id: project,
  title: "Keep the cart",
  execution_plan: ["implementation", "review"],
});
await doStage(`${generation}-implementation`, "It is kept.");
await doStage(`${generation}-review`, "Good.");
const { ticket, comments } = await call("get_ticket", { ticket_id });

const refused = await client.callTool({ name: "get_ticket", arguments: { ticket_id: "NO-1" } });
assert.ok(refused.isError);
await assert.rejects(client.callTool({ name: "no_such_tool", arguments: {} }), /Unknown tool/);
const { contents } = await client.readResource({ uri: `callboard://tickets/${ticket_id}` });
assert.match(contents[0].text, /It is kept\./);
const { prompts } = await client.listPrompts();

const protocol = client.getNegotiatedProtocolVersion?.() ?? client.transport._protocolVersion;
console.log(
  JSON.stringify({
    protocol,
    ticket_id,
    situation: ticket.situation,
    comments: comments.map((each) => each.content),
    tools: tools.length,
    prompts: prompts.map((each) => each.name),
  }),
);
await client.close();
