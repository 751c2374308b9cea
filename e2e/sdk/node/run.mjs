// The official npm SDK against a Bottega server: nothing but the server URL is changed. Values are asserted
// everywhere, never only "no exception". Needs BASE_URL and API_KEY.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Leonardo } from "@leonardo-ai/sdk";
import { SDKError } from "@leonardo-ai/sdk/sdk/models/errors/sdkerror.js";
import { finish, test, UUID, whole } from "./check.mjs";
import { pictures } from "./pictures.mjs";
import { readPNG } from "./png.mjs";

const { BASE_URL, API_KEY } = process.env;
if (!BASE_URL || !API_KEY) {
  console.error("set BASE_URL (http://host:port) and API_KEY");
  process.exit(2);
}
const server = `${BASE_URL.replace(/\/+$/, "")}/api/rest/v1`;
const sdk = new Leonardo({ serverURL: server, bearerAuth: API_KEY });
const patience = Number(process.env.PATIENCE_SECONDS ?? 300);

const self = async () => (await sdk.user.getUserSelf()).object.userDetails[0];
const spendable = (u) => u.subscriptionTokens + u.paidTokens;

async function complete(id) {
  for (const end = Date.now() + patience * 1000; Date.now() < end; await sleep(250)) {
    const g = (await sdk.image.getGenerationById(id)).object.generationsByPk;
    if (g.status === "PENDING") assert.deepEqual(g.generatedImages, [], "a pending generation must not list pictures");
    else return g;
  }
  throw new Error(`generation ${id} was not finished after ${patience} s`);
}

async function picture(url, { width, height }) {
  assert.ok(new URL(url).protocol.startsWith("http"), `${url} is not absolute`);
  const answer = await fetch(url); // as a browser would: without the key
  assert.equal(answer.status, 200, url);
  assert.equal(answer.headers.get("content-type"), "image/png");
  const png = readPNG(await answer.arrayBuffer());
  assert.deepEqual([png.width, png.height], [width, height]);
  return png;
}

async function fails(promise, status, ...parts) {
  const error = await promise.then(
    (v) => assert.fail(`succeeded with ${JSON.stringify(v?.object)}, want status ${status}`),
    (e) => e,
  );
  assert.ok(error instanceof SDKError, `${error}`);
  assert.equal(error.statusCode, status, error.body);
  const body = JSON.parse(error.body);
  assert.deepEqual(Object.keys(body).sort(), ["code", "error", "path"]);
  for (const part of parts) assert.ok(body.error.includes(part), `"${body.error}" does not name ${part}`);
  return body;
}

async function raw(body, headers = {}) {
  const answer = await fetch(`${server}/generations`, {
    method: "POST",
    headers: { authorization: `Bearer ${API_KEY}`, "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json() };
}

const me = await test("user.getUserSelf: who the key belongs to, whole numbers, renewal date", async () => {
  const u = await self();
  assert.match(u.user.id, UUID);
  assert.ok(u.user.username.length > 0);
  for (const name of ["subscriptionTokens", "subscriptionGptTokens", "subscriptionModelTokens", "apiConcurrencySlots",
    "apiSubscriptionTokens", "apiPaidTokens", "paidTokens"]) whole(u[name], name);
  assert.ok(u.apiConcurrencySlots >= 1);
  assert.equal(u.apiSubscriptionTokens, u.subscriptionTokens);
  if (u.tokenRenewalDate !== null) assert.ok(Date.parse(u.tokenRenewalDate) > Date.now() - 60_000, u.tokenRenewalDate);
  return u;
});

const model = await test("models.listPlatformModels: the default model comes first", async () => {
  const models = (await sdk.models.listPlatformModels()).object.customModels;
  assert.ok(models.length >= 1);
  for (const m of models) {
    assert.match(m.id, UUID);
    assert.ok(m.name.length > 0 && m.description.length > 0);
    assert.equal(m.nsfw, false);
  }
  assert.deepEqual(models.map((m) => m.featured), models.map((_, i) => i === 0));
  return models[0];
});

const quote = (IMAGE_GENERATION) =>
  sdk.pricingCalculator.pricingCalculator({ service: "IMAGE_GENERATION", serviceParams: { imageGeneration: IMAGE_GENERATION } })
    .then((r) => whole(r.object.calculateProductionApiServiceCost.cost, "cost"));

// Submits, checks the price three ways (calculator, answer, balance), waits, checks the echo and every picture.
async function make(request, want, params) {
  const price = await quote(params);
  const before = await self();
  const job = (await sdk.image.createGeneration(request)).object.sdGenerationJob;
  assert.match(job.generationId, UUID);
  assert.equal(whole(job.apiCreditCost, "apiCreditCost"), price, "held price and calculator differ");
  assert.deepEqual({ ...job.cost }, { amount: String(price), unit: "CREDITS" });
  const g = await complete(job.generationId);
  assert.equal(g.status, "COMPLETE", JSON.stringify(g));
  const after = await self();
  if (before.tokenRenewalDate === after.tokenRenewalDate) {
    assert.equal(spendable(before) - spendable(after), price, "charged and calculator differ");
  }
  assert.equal(g.id, job.generationId);
  assert.equal(g.modelId, model.id);
  assert.deepEqual([g.imageWidth, g.imageHeight], [want.width, want.height]);
  assert.equal(g.prompt, want.prompt);
  assert.equal(g.presetStyle, want.preset);
  whole(g.seed, "seed");
  whole(g.inferenceSteps, "inferenceSteps");
  assert.ok(g.guidanceScale > 0);
  assert.ok(g.createdAt.endsWith("Z") && Math.abs(Date.parse(g.createdAt) - Date.now()) < patience * 1000, g.createdAt);
  assert.equal(g.public, false);
  assert.equal(g.sdVersion, undefined);
  assert.equal(g.scheduler, undefined);
  assert.deepEqual(g.generationElements, []);
  assert.equal(g.generatedImages.length, want.count);
  const pngs = [];
  for (const image of g.generatedImages) {
    assert.match(image.id, UUID);
    assert.equal(image.nsfw, false);
    assert.equal(image.likeCount, 0);
    assert.deepEqual(image.generatedImageVariationGenerics, []);
    pngs.push(await picture(image.url, want));
  }
  assert.equal(new Set(g.generatedImages.map((i) => i.id)).size, want.count, "picture ids repeat");
  return { generation: g, pngs };
}

const first = await test("image.createGeneration with all defaults of the SDK", () =>
  make({}, { width: 1024, height: 768, count: 4, prompt: "A majestic cat in the snow", preset: "DYNAMIC" }, {}));

const smallRequest = {
  prompt: "a red fox", width: 256, height: 320, numImages: 2, seed: 42, transparency: "foreground_only",
  presetStyle: "DYNAMIC", numInferenceSteps: 10, sdVersion: "v1_5", scheduler: "EULER_DISCRETE",
  public: false, tiling: false, elements: [], controlnets: null,
};
const smallWant = { width: 256, height: 320, count: 2, prompt: "a red fox", preset: "DYNAMIC" };
const smallPrice = { imageWidth: 256, imageHeight: 320, numImages: 2, inferenceSteps: 10, alchemyMode: true };

const second = await test("image.createGeneration with an explicit small size, seed and transparency", async () => {
  const made = await make(smallRequest, smallWant, smallPrice);
  assert.equal(made.generation.seed, 42);
  assert.equal(made.generation.inferenceSteps, 10);
  assert.ok(made.pngs.every((p) => p.alpha), "foreground_only must keep the alpha channel");
  assert.notDeepEqual(made.pngs[0].pixels, made.pngs[1].pixels, "two seeds gave one picture");
  return made;
});

await test("the same request and seed give the same pixels", async () => {
  const again = await make(smallRequest, smallWant, smallPrice);
  assert.notEqual(again.generation.id, second.generation.id);
  again.pngs.forEach((p, i) => assert.ok(p.pixels.equals(second.pngs[i].pixels), `picture ${i} differs`));
});

await test("image.getGenerationsByUserId: newest first, offset and limit", async () => {
  const list = async (...page) => (await sdk.image.getGenerationsByUserId(me.user.id, ...page)).object.generations;
  const all = await list();
  assert.ok(all.length >= 3);
  const times = all.map((g) => Date.parse(g.createdAt));
  assert.deepEqual(times, times.toSorted((a, b) => b - a));
  for (const made of [first, second]) {
    const found = all.find((g) => g.id === made.generation.id);
    assert.deepEqual(found.generatedImages.map((i) => i.id), made.generation.generatedImages.map((i) => i.id));
    assert.equal(found.status, "COMPLETE");
  }
  assert.deepEqual((await list(1, 1)).map((g) => g.id), [all[1].id]);
  assert.deepEqual(await list(10, 100_000), []);
  await fails(list(0, 0), 400, "limit");
});

await test("image.deleteGenerationById: gone for good", async () => {
  const id = first.generation.id;
  const answer = await sdk.image.deleteGenerationById(id);
  assert.equal(answer.object.deleteGenerationsByPk.id, id);
  await fails(sdk.image.getGenerationById(id), 404);
  await fails(sdk.image.deleteGenerationById(id), 404);
  const left = (await sdk.image.getGenerationsByUserId(me.user.id)).object.generations;
  assert.ok(left.every((g) => g.id !== id));
  const url = first.generation.generatedImages[0].url;
  assert.equal((await fetch(url)).status, 404, "a deleted picture is still served");
});

await test("a request that cannot be done is refused by the name of the field, and costs nothing", async () => {
  const before = await self();
  const create = (request) => sdk.image.createGeneration({ prompt: "x", width: 256, height: 256, ...request });
  await fails(create({ width: 33 }), 400, "invalid dimensions", "width", "33");
  await fails(create({ height: 8192 }), 400, "height", "8192");
  await fails(create({ numImages: 99 }), 400, "num_images", "99");
  await fails(create({ numInferenceSteps: 5000 }), 400, "num_inference_steps", "5000");
  await fails(create({ guidanceScale: 4000.5 }), 400, "guidance_scale");
  await fails(create({ seed: 9_999_999_998 }), 400, "seed", "4294967295");
  await fails(create({ modelId: randomUUID() }), 400, "modelId", model.id);
  await fails(create({ presetStyle: "BOKEH" }), 400, "presetStyle", "BOKEH", "DYNAMIC");
  await fails(create({ scheduler: "KLMS" }), 400, "scheduler", "EULER_DISCRETE");
  await fails(create({ unzoom: true, photoReal: true, public: true }), 400, "unzoom", "photoReal", "public");
  await fails(create({ initImageId: randomUUID() }), 400, "init_image_id");
  await fails(create({ controlnets: [{ initImageId: randomUUID(), initImageType: "UPLOADED", preprocessorId: 67 }] }), 400, "controlnets");
  await fails(create({ prompt: "x".repeat(1501) }), 400, "Invalid prompt, maximum length of 1500 characters exceeded.");
  const after = await self();
  if (before.tokenRenewalDate === after.tokenRenewalDate) assert.equal(spendable(before), spendable(after));
});

await pictures({ sdk, complete, picture, fails, self, spendable, quote });

await test("without the SDK: Leonardo's own words for what an SDK would not send", async () => {
  const is = (got, error, code, path = "$") => assert.deepEqual(got, { status: 400, body: { error, path, code } });
  is(await raw({ sd_Version: "v1_5" }), "Unexpected variable sd_Version", "bad-request");
  is(await raw({}), 'expecting a value for non-nullable variable: "prompt"', "validation-failed");
  is(await raw({ prompt: "x", photoReal: "yes" }), "expected a boolean for type 'Boolean', but found a string",
    "validation-failed", "$.selectionSet.sdGenerationJob.args.arg1.photoReal");
  assert.equal((await raw("{")).status, 400);
  assert.equal((await raw({ prompt: "x".repeat(2 << 20) })).status, 413);
});

await test("snake_case and camelCase mean the same field, and both are echoed", async () => {
  const { status, body } = await raw({ prompt: "two hats", numImages: 1, width: 128, height: 128, negativePrompt: "a dog", inferenceSteps: undefined, num_inference_steps: 10, guidanceScale: 2 });
  assert.equal(status, 200, JSON.stringify(body));
  const g = await complete(body.sdGenerationJob.generationId);
  assert.equal(g.generatedImages.length, 1);
  assert.equal(g.negativePrompt, "a dog");
  assert.equal(g.guidanceScale, 2);
});

await test("an Idempotency-Key makes one generation out of two requests", async () => {
  const headers = { "idempotency-key": randomUUID() };
  const request = { prompt: "once", num_images: 1, width: 128, height: 128 };
  const [a, b] = [await raw(request, headers), await raw(request, headers)];
  assert.equal(a.status, 200, JSON.stringify(a.body));
  assert.deepEqual(a, b);
  const c = await raw({ ...request, prompt: "twice" }, headers);
  assert.equal(c.status, 409, JSON.stringify(c.body));
  await complete(a.body.sdGenerationJob.generationId);
});

await test("what is nobody's business is 404, and no key is a plain 401", async () => {
  await fails(sdk.image.getGenerationById(randomUUID()), 404);
  await fails(sdk.image.getGenerationById("not-an-id"), 404);
  await fails(sdk.image.getGenerationsByUserId(randomUUID()), 404);
  for (const bearerAuth of ["", "nonsense", randomUUID(), `${API_KEY}x`]) {
    const stranger = new Leonardo({ serverURL: server, bearerAuth });
    const body = await fails(stranger.user.getUserSelf(), 401);
    assert.equal(body.code, "access-denied");
    await fails(stranger.image.createGeneration({}), 401);
  }
});

await test("pricingCalculator: only what is there has a price", async () => {
  const service = (s, serviceParams = {}) => sdk.pricingCalculator.pricingCalculator({ service: s, serviceParams });
  await fails(service("LCM_GENERATION"), 400, "service", "LCM_GENERATION");
  await fails(service("IMAGE_GENERATION", { imageGeneration: { imageWidth: 7 } }), 400, "imageWidth", "7");
  await fails(service("IMAGE_GENERATION", { imageGeneration: { loraCount: 1 } }), 400, "loraCount");
  assert.ok(await quote({ imageWidth: 1536, imageHeight: 1536, numImages: 4 }) > await quote({ imageWidth: 256, imageHeight: 256, numImages: 1 }));
});

finish();
