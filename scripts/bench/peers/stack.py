"""
The same work as a team in Python would do it, tuned: FastAPI on uvicorn (uvloop, httptools) takes the file, Celery over Redis
hands it to a worker, pandas reads, cleans, gains over the baseline, scores and ranks, SQLite keeps the board, pages are read
from there once and then from Redis (hiredis). Nothing beside: no log, no rate limit, no audit, no history.

PEER_FOLDER and PEER_REDIS say where; `uvicorn stack:app` and `celery -A stack:jobs worker` are the two processes.
"""
import hashlib, json, os, shutil, sqlite3, threading, time, uuid

import pandas as pd
import redis, redis.asyncio
from celery import Celery
from fastapi import Body, FastAPI, File, HTTPException, Request, Response, UploadFile
from starlette.concurrency import run_in_threadpool

folder, address = os.environ["PEER_FOLDER"], os.environ["PEER_REDIS"]
metrics = ["Killpoints", "Deads", "T4 Kills", "T5 Kills"]
jobs = Celery("peer", broker=address, backend=address)
jobs.conf.update(worker_prefetch_multiplier=1, broker_pool_limit=10, task_ignore_result=False)
app = FastAPI()
cache = redis.asyncio.Redis.from_url(address)
local, trading = threading.local(), threading.Lock()


def database():
    if not hasattr(local, "db"):
        local.db = sqlite3.connect(os.path.join(folder, "peer.db"), isolation_level=None)
        local.db.executescript("pragma journal_mode = wal; pragma synchronous = full; pragma busy_timeout = 5000")
        local.db.row_factory = sqlite3.Row
    return local.db


async def reader(request):
    header = request.headers.get("authorization")
    if header and not await cache.get("key:" + hashlib.sha256(header[7:].encode()).hexdigest()):
        raise HTTPException(401)


async def kept(hash, field, make):
    body = await cache.hget(hash, field)
    if body is None:
        body = await run_in_threadpool(make)
        await cache.hset(hash, field, body)
    return Response(body, media_type="application/json")


@app.get("/livez")
async def livez():
    return "ok"


@app.post("/uploads", status_code=202)
def upload(kind: str, file: UploadFile = File(...)):
    path = os.path.join(folder, f"{uuid.uuid4()}{os.path.splitext(file.filename)[1]}")
    with open(path, "wb") as kept:
        shutil.copyfileobj(file.file, kept)
    return {"job_id": process.delay(path, kind).id}


@app.get("/jobs/{job_id}")
async def job(job_id: str):
    found = await cache.get("celery-task-meta-" + job_id)
    return Response(found or '{"status": "PENDING"}', media_type="application/json")


@app.get("/leaderboard")
async def leaderboard(request: Request, page: int = 1, limit: int = 50):
    await reader(request)
    sql = "select * from board order by rank limit ? offset ?"
    make = lambda: json.dumps({"rows": [dict(row) for row in database().execute(sql, (limit, (page - 1) * limit))]})
    return await kept("board", f"{page}:{limit}", make)


@app.get("/players/{player_id}")
async def player(request: Request, player_id: int):
    await reader(request)
    sql = 'select * from board where "ID" = ?'
    make = lambda: json.dumps([dict(row) for row in database().execute(sql, (player_id,))])
    return await kept("players", str(player_id), make)


@app.post("/noops")
def noops(count: int):
    """Seconds from the first of so many empty jobs to the end of the last."""
    began = time.perf_counter()
    results = [noop.delay() for _ in range(count)]
    results[-1].get(timeout=120)
    return {"seconds": time.perf_counter() - began}


@app.post("/market")
def market(members: int):
    db = database()
    db.executescript("""drop table if exists portfolios; drop table if exists holdings; drop table if exists ledger; drop table if exists quotes;
      create table portfolios (user integer primary key, cash integer not null);
      create table holdings (user integer, symbol text, quantity integer not null, primary key (user, symbol)) without rowid;
      create table ledger (id integer primary key, user integer, at real, symbol text, quantity integer, price integer, cash_after integer);
      create table quotes (symbol text primary key, price integer not null);
      insert into quotes values ('AAA', 1000)""")
    db.executemany("insert into portfolios values (?, 10000000000)", [(user,) for user in range(members)])


@app.post("/trades")
async def trade(request: Request, order: dict = Body(...)):
    user = await cache.get("key:" + hashlib.sha256(request.headers["authorization"][7:].encode()).hexdigest())
    if user is None:
        raise HTTPException(401)
    return await run_in_threadpool(fill, int(user), order["symbol"], order["quantity"] * (1 if order["side"] == "buy" else -1))


def fill(user, symbol, quantity):
    db = database()
    with trading:
        db.execute("begin immediate")
        try:
            price = db.execute("select price from quotes where symbol = ?", (symbol,)).fetchone()["price"]
            cash = db.execute("select cash from portfolios where user = ?", (user,)).fetchone()["cash"] - quantity * price
            held = db.execute("select quantity from holdings where user = ? and symbol = ?", (user, symbol)).fetchone()
            if cash < 0 or (held["quantity"] if held else 0) + quantity < 0:
                raise HTTPException(409)
            db.execute("update portfolios set cash = ? where user = ?", (cash, user))
            db.execute("insert into holdings values (?, ?, ?) on conflict do update set quantity = quantity + excluded.quantity", (user, symbol, quantity))
            db.execute("insert into ledger (user, at, symbol, quantity, price, cash_after) values (?, ?, ?, ?, ?, ?)", (user, time.time(), symbol, quantity, price, cash))
            db.execute("commit")
        except BaseException:
            db.execute("rollback")
            raise
    return {"cash_cents": cash}


def read(file):
    frame = pd.read_excel(file) if file.endswith(".xlsx") else pd.read_csv(file)
    frame = frame.dropna(subset=["ID"]).drop_duplicates("ID", keep="last")
    for column in frame.columns[2:]:
        frame[column] = pd.to_numeric(frame[column], errors="coerce")
    return frame


@jobs.task(name="noop")
def noop():
    return None


@jobs.task(name="process")
def process(path, kind):
    frame, db = read(path), sqlite3.connect(os.path.join(folder, "peer.db"))
    if kind == "baseline":
        frame.to_sql("baseline", db, index=False, if_exists="replace")
    else:
        start = pd.read_sql("select * from baseline", db).set_index("ID").reindex(frame["ID"]).reset_index(drop=True)
        frame = frame.reset_index(drop=True)
        gains = (frame[metrics] - start[metrics]).clip(lower=0).fillna(0)
        frame["score"] = gains["T4 Kills"] * 10 + gains["T5 Kills"] * 30 + gains["Deads"] * 80
        frame["rank"] = frame["score"].rank(method="min", ascending=False)
        frame.sort_values("rank").to_sql("board", db, index=False, if_exists="replace")
        db.execute("create index board_rank on board(rank)")
        db.execute('create index board_id on board("ID")')
    db.commit()
    redis.Redis.from_url(address).delete("board", "players")
    os.remove(path)
    return {"rows": len(frame)}
