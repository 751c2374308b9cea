"""The official Python SDK against a Bottega server: nothing but the server URL is changed.

Values are asserted everywhere, never only "no exception": older versions of this SDK lose an answer that they cannot
read without saying so. Needs BASE_URL and API_KEY.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
import traceback
import uuid
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import png
from leonardo_ai_sdk import LeonardoAiSDK
from leonardo_ai_sdk.models import errors, operations, shared

BASE_URL, API_KEY = os.environ.get("BASE_URL"), os.environ.get("API_KEY")
if not BASE_URL or not API_KEY:
    sys.exit("set BASE_URL (http://host:port) and API_KEY")
SERVER = BASE_URL.rstrip("/") + "/api/rest/v1"
PATIENCE = float(os.environ.get("PATIENCE_SECONDS", "300"))
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

# apiCreditCost is asserted on purpose, although the SDK calls it deprecated.
warnings.filterwarnings("ignore", message=r".*DEPRECATED", category=DeprecationWarning)

sdk = LeonardoAiSDK(bearer_auth=API_KEY, server_url=SERVER)
passed = failed = 0


def test(name: str) -> Callable[[Callable[[], Any]], Any]:
    """Runs the function at once; a failed one says what was wrong and the others still run."""

    def run(body: Callable[[], Any]) -> Any:
        global passed, failed
        try:
            value = body()
        except Exception:  # whatever it is, it is a failed test
            failed += 1
            print(f"FAIL  {name}\n{traceback.format_exc()}")
            return None
        passed += 1
        print(f"ok    {name}")
        return value

    return run


def same(got: Any, want: Any, what: str = "value") -> None:
    assert got == want, f"{what} is {got!r}, want {want!r}"


def whole(value: Any, what: str) -> int:
    assert type(value) is int, f"{what} is {value!r}, want a whole number"
    return value


def self_() -> Any:
    return sdk.user.get_user_self().object.user_details[0]


def spendable(user: Any) -> int:
    return user.subscription_tokens + user.paid_tokens


def fails(call: Callable[[], Any], status: int, *parts: str) -> dict[str, str]:
    try:
        answer = call()
    except errors.SDKError as error:
        same(error.status_code, status, f"status of {error.body}")
        body = json.loads(error.body)
        same(sorted(body), ["code", "error", "path"])
        for part in parts:
            assert part in body["error"], f"{body['error']!r} does not name {part}"
        return body
    raise AssertionError(f"succeeded with {answer.object!r}, want status {status}")


def complete(generation_id: str) -> Any:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        g = sdk.image.get_generation_by_id(id=generation_id).object.generations_by_pk
        if g.status != shared.JobStatus.PENDING:
            return g
        same(g.generated_images, [], "pictures of a pending generation")
        time.sleep(0.25)
    raise AssertionError(f"generation {generation_id} was not finished after {PATIENCE} s")


def quote(**params: Any) -> int:
    answer = sdk.pricing_calculator.pricing_calculator(
        request={
            "service": shared.PricingCalculatorServices.IMAGE_GENERATION,
            "service_params": {"image_generation": params},
        }
    )
    return whole(answer.object.calculate_production_api_service_cost.cost, "cost")


def make(
    request: dict[str, Any], params: dict[str, Any], prompt: str, size: tuple[int, int], count: int
) -> tuple[Any, list[png.Picture]]:
    """Submits, checks the price three ways (calculator, answer, balance), waits, checks the echo and every picture."""
    price, before = quote(**params), self_()
    job = sdk.image.create_generation(request=request).object.sd_generation_job
    assert UUID.fullmatch(job.generation_id), job
    same(whole(job.api_credit_cost, "apiCreditCost"), price, "held price")
    same((job.cost.amount, job.cost.unit.value), (str(price), "CREDITS"), "cost")
    g, after = complete(job.generation_id), self_()
    same(g.status, shared.JobStatus.COMPLETE, f"status of {g}")
    if before.token_renewal_date == after.token_renewal_date:
        same(spendable(before) - spendable(after), price, "charged price")
    same((g.id, g.model_id, g.prompt), (job.generation_id, model.id, prompt), "id, model and prompt")
    same((g.image_width, g.image_height), size, "size")
    same(g.preset_style, shared.SdGenerationStyle.DYNAMIC, "presetStyle")
    whole(g.seed, "seed")
    whole(g.inference_steps, "inferenceSteps")
    assert g.guidance_scale > 0
    assert g.created_at.endswith("Z")
    age = datetime.now(UTC) - datetime.fromisoformat(g.created_at)
    assert abs(age.total_seconds()) < PATIENCE, g.created_at
    same((g.public, g.sd_version, g.scheduler, g.generation_elements), (False, None, None, []), "what there is none of")
    same(len(g.generated_images), count, "number of pictures")
    pictures = []
    for image in g.generated_images:
        assert UUID.fullmatch(image.id), image
        same((image.nsfw, image.like_count, image.generated_image_variation_generics), (False, 0, []))
        answer = httpx.get(image.url)  # as a browser would: without the key
        same((answer.status_code, answer.headers["content-type"]), (200, "image/png"), image.url)
        pictures.append(png.read(answer.content))
        same((pictures[-1].width, pictures[-1].height), size, "size of the PNG")
    same(len({i.id for i in g.generated_images}), count, "different picture ids")
    return g, pictures


@test("user.get_user_self: who the key belongs to, whole numbers, renewal date")
def me() -> Any:
    u = self_()
    assert UUID.fullmatch(u.user.id) and u.user.username, u
    for name in ("subscription_tokens", "paid_tokens", "subscription_gpt_tokens", "subscription_model_tokens",
                 "api_concurrency_slots", "api_subscription_tokens", "api_paid_tokens"):  # fmt: skip
        whole(getattr(u, name), name)
    assert u.api_concurrency_slots >= 1
    same(u.api_subscription_tokens, u.subscription_tokens)
    return u


@test("models.list_platform_models: the default model comes first")
def model() -> Any:
    models = sdk.models.list_platform_models().object.custom_models
    assert models, "no models"
    for m in models:
        assert UUID.fullmatch(m.id) and m.name and m.description, m
        same((m.nsfw, m.generated_image), (False, None))
    same([m.featured for m in models], [i == 0 for i in range(len(models))])
    return models[0]


@test("image.create_generation with all defaults of the SDK")
def first() -> Any:
    return make({}, {}, "A majestic cat in the snow", (1024, 768), 4)


SMALL = {
    "prompt": "a red fox", "width": 256, "height": 320, "num_images": 2, "seed": 42, "num_inference_steps": 10,
    "transparency": operations.TransparencyType.FOREGROUND_ONLY, "public": False, "tiling": False, "elements": [],
    "sd_version": shared.SdVersions.V1_5, "scheduler": shared.SdGenerationSchedulers.EULER_DISCRETE,
}  # fmt: skip
SMALL_PRICE = {"image_width": 256, "image_height": 320, "num_images": 2, "inference_steps": 10, "alchemy_mode": True}


@test("image.create_generation with an explicit small size, seed and transparency")
def second() -> Any:
    g, pictures = make(SMALL, SMALL_PRICE, "a red fox", (256, 320), 2)
    same((g.seed, g.inference_steps), (42, 10))
    assert all(p.alpha for p in pictures), "foreground_only must keep the alpha channel"
    assert pictures[0].pixels != pictures[1].pixels, "two seeds gave one picture"
    return g, pictures


@test("the same request and seed give the same pixels")
def _again() -> None:
    g, pictures = make(SMALL, SMALL_PRICE, "a red fox", (256, 320), 2)
    assert g.id != second[0].id
    for i, p in enumerate(pictures):
        assert p.pixels == second[1][i].pixels, f"picture {i} differs"


@test("image.get_generations_by_user_id: newest first, offset and limit")
def _list() -> None:
    def page(**kwargs: int) -> Any:
        return sdk.image.get_generations_by_user_id(user_id=me.user.id, **kwargs).object.generations

    everything = page()
    assert len(everything) >= 3
    times = [datetime.fromisoformat(g.created_at) for g in everything]
    same(times, sorted(times, reverse=True), "order")
    for g, _ in (first, second):
        found = next(x for x in everything if x.id == g.id)
        same(found.status, shared.JobStatus.COMPLETE)
        same([i.id for i in found.generated_images], [i.id for i in g.generated_images], "pictures")
    same([g.id for g in page(offset=1, limit=1)], [everything[1].id])
    same(page(offset=100_000), [])
    fails(lambda: page(limit=0), 400, "limit")


@test("image.delete_generation_by_id: gone for good")
def _delete() -> None:
    g, _ = first
    same(sdk.image.delete_generation_by_id(id=g.id).object.delete_generations_by_pk.id, g.id)
    fails(lambda: sdk.image.get_generation_by_id(id=g.id), 404)
    fails(lambda: sdk.image.delete_generation_by_id(id=g.id), 404)
    same(httpx.get(g.generated_images[0].url).status_code, 404, "a deleted picture")


@test("a request that cannot be done is refused by the name of the field, and costs nothing")
def _refusals() -> None:
    def refused(*parts: str, **request: Any) -> None:
        body = {"prompt": "x", "width": 256, "height": 256, **request}
        fails(lambda: sdk.image.create_generation(request=body), 400, *parts)

    before = self_()
    refused("invalid dimensions", "width", "33", width=33)
    refused("num_images", "99", num_images=99)
    refused("num_inference_steps", "5000", num_inference_steps=5000)
    refused("guidance_scale", guidance_scale=4000.5)
    refused("seed", "4294967295", seed=9_999_999_998)
    refused("modelId", model.id, model_id=str(uuid.uuid4()))
    refused("presetStyle", "BOKEH", "DYNAMIC", preset_style=shared.SdGenerationStyle.BOKEH)
    refused("scheduler", "KLMS", scheduler=shared.SdGenerationSchedulers.KLMS)
    refused("unzoom", "photoReal", "public", unzoom=True, photo_real=True, public=True)
    refused("init_image_id", init_image_id=str(uuid.uuid4()))
    refused("elements", elements=[{"ak_uuid": str(uuid.uuid4()), "weight": 0.5}])
    refused("Invalid prompt, maximum length of 1500 characters exceeded.", prompt="x" * 1501)
    after = self_()
    if before.token_renewal_date == after.token_renewal_date:
        same(spendable(after), spendable(before), "balance")


RAMP = png.write(96, 64, lambda x, y: (x * 2, y * 3, 120))
RIGHT = png.write(96, 64, lambda x, _: (255, 255, 255) if x >= 48 else (0, 0, 0))


def send(url: str, fields: str, file: bytes) -> httpx.Response:
    """What Leonardo's guides tell: the fields and then the file, without the key."""
    return httpx.post(url, data=json.loads(fields), files={"file": ("picture.png", file, "image/png")})


@test("init_images: a form, the picture, what was kept of it, and its end")
def uploaded() -> str:
    made = sdk.init_images.upload_init_image(request={"extension": "png"}).object.upload_init_image
    assert UUID.fullmatch(made.id) and made.key.endswith(f"{made.id}.png"), made
    refused = send(made.url, made.fields, b"hello")
    same(refused.status_code, 400, refused.text)
    assert refused.json()["error"].startswith("file "), refused.text
    same(send(made.url, made.fields, RAMP).status_code, 204, "status of the form")
    same(send(made.url, made.fields, RAMP).status_code, 409, "status of the same form again")
    kept = sdk.init_images.get_init_image_by_id(id=made.id).object.init_images_by_pk
    same(kept.id, made.id)
    picture = png.read(httpx.get(kept.url).content)
    same((picture.width, picture.height, picture.alpha), (96, 64, False))
    other = sdk.init_images.upload_init_image(request={"extension": "webp"}).object.upload_init_image
    gone = sdk.init_images.delete_init_image_by_id(id=other.id).object.delete_init_images_by_pk
    same(gone.id, other.id)
    fails(lambda: sdk.init_images.get_init_image_by_id(id=other.id), 404)
    fails(lambda: sdk.init_images.upload_init_image(request={"extension": "gif"}), 400, "invalid file extension")
    return made.id


@test("image-to-image and controlnets")
def _guided() -> None:
    request = {
        "prompt": "a red fox", "num_images": 1, "width": 96, "height": 64, "tiling": True,
        "init_image_id": uploaded, "init_strength": 0.7, "controlnets": [
            {"init_image_id": uploaded, "init_image_type": shared.InitImageType.UPLOADED, "preprocessor_id": 100,
             "strength_type": shared.StrengthType.HIGH},
        ],
    }  # fmt: skip
    g = complete(sdk.image.create_generation(request=request).object.sd_generation_job.generation_id)
    same((g.status, g.init_strength), (shared.JobStatus.COMPLETE, 0.7), f"status and strength of {g}")
    picture = png.read(httpx.get(g.generated_images[0].url).content)
    same((picture.width, picture.height), (96, 64))
    bad = {**request, "controlnets": [{**request["controlnets"][0], "preprocessor_id": 20}]}
    fails(lambda: sdk.image.create_generation(request=bad), 400, "controlnets[0].preprocessorId", "depth")
    fails(lambda: sdk.image.create_generation(request={**request, "init_strength": 0.95}), 400, "init_strength", "0.1")


@test("canvas: a picture and its mask")
def _canvas() -> None:
    answer = sdk.init_images.upload_canvas_init_image(request={"init_extension": "png", "mask_extension": "png"})
    up = answer.object.upload_canvas_init_image
    same(send(up.init_url, up.init_fields, RAMP).status_code, 204)
    same(send(up.mask_url, up.mask_fields, RIGHT).status_code, 204)
    request = {
        "prompt": "a red fox", "num_images": 1, "canvas_request": True,
        "canvas_request_type": shared.CanvasRequestType.INPAINT,
        "canvas_init_id": up.init_image_id, "canvas_mask_id": up.mask_image_id,
    }  # fmt: skip
    g = complete(sdk.image.create_generation(request=request).object.sd_generation_job.generation_id)
    same((g.status, g.image_width, g.image_height), (shared.JobStatus.COMPLETE, 96, 64), f"{g}")
    other = {**request, "canvas_mask_id": str(uuid.uuid4())}
    fails(lambda: sdk.image.create_generation(request=other), 400, "canvasMaskId")


@test("what is nobody's business is 404, and no key is a plain 401")
def _strangers() -> None:
    fails(lambda: sdk.image.get_generation_by_id(id=str(uuid.uuid4())), 404)
    fails(lambda: sdk.image.get_generations_by_user_id(user_id=str(uuid.uuid4())), 404)
    for key in ("nonsense", str(uuid.uuid4()), API_KEY + "x"):
        stranger = LeonardoAiSDK(bearer_auth=key, server_url=SERVER)
        same(fails(stranger.user.get_user_self, 401)["code"], "access-denied")
        fails(lambda s=stranger: s.image.create_generation(request={}), 401)


@test("pricing_calculator: only what is there has a price")
def _prices() -> None:
    def price(service: str, **params: Any) -> Any:
        request = {"service": shared.PricingCalculatorServices(service), "service_params": params}
        return sdk.pricing_calculator.pricing_calculator(request=request)

    fails(lambda: price("LCM_GENERATION"), 400, "service", "LCM_GENERATION")
    fails(lambda: price("IMAGE_GENERATION", image_generation={"image_width": 7}), 400, "imageWidth", "7")
    fails(lambda: price("IMAGE_GENERATION", image_generation={"lora_count": 1}), 400, "loraCount")


print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
