//! Caches: Django's, and clients that look like Redis.

use smol_str::SmolStr;

use super::Interpreter;
use super::sym::Sym;
use super::value::{Args, Value};
use crate::model::{Confidence, Site};
use crate::python::ir::{Call, ExprKind};
use crate::trace::{CacheBackend, CacheEvent, CacheOp, EventKind};

impl<'p> Interpreter<'p, '_> {
    /// Things that give a cache or a client; `None` for everything else.
    pub(super) fn call_cache_factory(&mut self, name: &str, args: &Args<'p>) -> Option<Value<'p>> {
        let last = name.rsplit('.').next().unwrap_or_default();
        let factory = matches!(last, "get_redis_connection" | "get_redis" | "get_redis_client" | "get_redis_cache")
            || matches!(
                name,
                "redis.Redis"
                    | "redis.StrictRedis"
                    | "redis.from_url"
                    | "redis.asyncio.from_url"
                    | "redis.Redis.from_url"
                    | "redis.asyncio.Redis"
                    | "redis.asyncio.Redis.from_url"
            );
        factory.then(|| Value::Cache(CacheBackend::Redis, self.result_sym(&Sym::new(name), args)))
    }

    pub(super) fn cache_method(
        &mut self,
        backend: CacheBackend,
        cache: &Sym,
        name: &SmolStr,
        args: &Args<'p>,
        site: Site,
        call: Option<&'p Call>,
    ) -> Value<'p> {
        let result = self.result_sym(&cache.attr(name), args);
        let plain = name.strip_prefix('a').filter(|n| operation(n).is_some() && *n != "dd").unwrap_or(name);
        let Some(op) = operation(plain) else { return Value::Unknown(result) };
        let key_arg = args.get(0, if backend == CacheBackend::Redis { "name" } else { "key" }).cloned();
        let key = key_arg.as_ref().map(|arg| format!("{}:{}", cache.text, arg.value.sym().text));
        let receiver = call.and_then(|call| match &call.func.kind {
            ExprKind::Attribute { value, .. } => Some(self.site(value.span)),
            _ => None,
        });
        let value_arg = matches!(op, CacheOp::Set | CacheOp::Add).then(|| args.get(1, "value").cloned()).flatten();
        let timeout = timeout_of(op, args);
        let written = value_arg.as_ref().map(|arg| arg.value.sym());
        let read_of_key = |sym: &Sym| self.read_of(sym, key.as_deref());
        let derives_from = written.as_ref().and_then(&read_of_key);
        let constant = value_arg.as_ref().is_some_and(|arg| matches!(arg.value, Value::Const(_)));
        let guards = op == CacheOp::Set && constant && derives_from.is_none() && self.guarding_read(key.as_deref());
        let change = written.filter(|_| derives_from.is_some()).and_then(|sym| sym.change);
        let event = CacheEvent {
            op,
            backend,
            key,
            key_site: key_arg.map(|arg| arg.value_site),
            receiver,
            derives_from,
            value_site: value_arg.map(|arg| arg.value_site),
            timeout_site: timeout,
            guards,
            change,
        };
        let bound = self.bound.clone();
        let confidence = match backend {
            CacheBackend::Other => Confidence::Possible,
            CacheBackend::Django | CacheBackend::Redis => Confidence::Certain,
        };
        let at = self.rec.emit(EventKind::Cache(event), Some(site), bound, confidence);
        if op != CacheOp::Get {
            return Value::Unknown(result);
        }
        let mark = self.number();
        self.rec.reads.insert(mark, at);
        let read = Sym { change: None, ..result }.marked(mark);
        // With a default, what is absent is that.
        if args.get(1, "default").is_none_or(|arg| matches!(&arg.value, Value::Const(given) if given.is_none())) {
            self.tells_of_last(&read);
        }
        Value::Unknown(read)
    }

    /// The read of the same key that a value derives from.
    fn read_of(&self, sym: &Sym, key: Option<&str>) -> Option<usize> {
        let key = key?;
        sym.marks.iter().rev().find_map(|mark| {
            let at = *self.rec.reads.get(mark)?;
            match &self.rec.events.get(at)?.kind {
                EventKind::Cache(read) if read.key.as_deref() == Some(key) => Some(at),
                _ => None,
            }
        })
    }

    /// Whether a test on the way here asked for the same key.
    fn guarding_read(&self, key: Option<&str>) -> bool {
        let Some(key) = key else { return false };
        self.rec.reads.iter().any(|(mark, at)| {
            self.rec.tested(*mark)
                && matches!(self.rec.events.get(*at).map(|e| &e.kind), Some(EventKind::Cache(read)) if read.key.as_deref() == Some(key))
        })
    }
}

fn operation(name: &str) -> Option<CacheOp> {
    Some(match name {
        "get" => CacheOp::Get,
        "set" | "setex" | "psetex" => CacheOp::Set,
        "add" | "setnx" => CacheOp::Add,
        "incr" | "decr" | "incrby" | "hincrby" | "zincrby" => CacheOp::Incr,
        "get_or_set" => CacheOp::GetOrSet,
        "touch" => CacheOp::Touch,
        "expire" | "pexpire" | "expireat" => CacheOp::Expire,
        "delete" | "unlink" => CacheOp::Delete,
        "lock" => CacheOp::Lock,
        _ => return None,
    })
}

fn timeout_of(op: CacheOp, args: &Args<'_>) -> Option<Site> {
    let position = match op {
        CacheOp::Set | CacheOp::Add => 2,
        CacheOp::Expire | CacheOp::Touch => 1,
        _ => return None,
    };
    let named = ["timeout", "ex", "ttl", "px"].iter().find_map(|name| args.keyword(name));
    named.or_else(|| args.positional.get(position)).map(|arg| arg.value_site)
}
