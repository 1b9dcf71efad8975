//! The background step that brings the index up to date, in bounded pieces.
//!
//! A step is one transaction that sees one state of everything: it reads the products that `search_changes` names,
//! builds segments of them, marks them dead in older segments, and takes the changes away. Whatever is committed
//! meanwhile left another change. Killed anywhere, a step has not happened.
//!
//! Dead products stay in their segments until nothing else is to be done; then these are compacted, and small ones
//! merged.

use super::Search;
use super::builder::Builder;
use super::columns::{self, Column};
use super::index_queries::{self as queries, Change};
use super::merge_policy::{MERGED_PRODUCTS, worth_compacting, worth_merging};
use super::queries::is_behind;
use super::read_queries::{SegmentRow, dead, segments};
use crate::platform::fault;
use crate::platform::giving_way::{Courtesy, is_rush};
use anyhow::Result;
use futures_util::TryStreamExt as _;
use roaring::RoaringTreemap;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgPool};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Products that one step looks at, about.
const STEP_PRODUCTS: i64 = 500_000;
/// After how many products compacting pauses, and for how long, whether others are at work or not: it has time.
const PAUSES_EVERY: usize = 2_048;
const PAUSE: Duration = Duration::from_millis(30);
/// How often it is looked whether something waits to be indexed.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing had changed.
    Idle,
    /// Another process is at it.
    Busy,
    /// This many products were indexed; there may be more.
    Done(u64),
}

/// What a step has to go through.
struct Work {
    courtesy: Courtesy,
    ranges: Vec<Change>,
    /// Products that are named one by one.
    ids: RoaringTreemap,
    /// Products that older segments may have.
    changed: RoaringTreemap,
    /// Products that are in this step's segments already.
    indexed: RoaringTreemap,
    /// Changes that are over when the step is.
    over: Vec<i64>,
}

impl Work {
    fn new(search: &Search) -> Self {
        Self {
            courtesy: search.courtesy(),
            ranges: Vec::new(),
            ids: RoaringTreemap::new(),
            changed: RoaringTreemap::new(),
            indexed: RoaringTreemap::new(),
            over: Vec::new(),
        }
    }
}

/// Takes one step.
///
/// # Errors
/// Those of the database; the step has not happened then, and the next one does it.
pub async fn index_changes(search: &Search) -> Result<Step> {
    if !queries::has_changes(&search.database.pool).await? {
        return Ok(Step::Idle);
    }
    let Some(mut transaction) = queries::begin(&search.database.pool).await? else {
        return Ok(Step::Busy);
    };
    let changes = queries::changes(&mut transaction, STEP_PRODUCTS).await?;
    let mut work = sort(&mut transaction, search, changes).await?;
    let older = segments(&mut transaction).await?;
    index_ranges(&mut transaction, search, &mut work).await?;
    let is_importing = !work.indexed.is_empty();
    let merged = worth_merging(&older, work.ids.len(), is_importing);
    for segment in older.iter().filter(|segment| merged.contains(&segment.id)) {
        work.ids |= living(&mut transaction, segment).await?;
    }
    index_named(&mut transaction, search, &mut work, None).await?;
    for segment in older.iter().filter(|segment| !merged.contains(&segment.id)) {
        bury(&mut transaction, segment, &work.changed).await?;
    }
    queries::remove_segments(&mut transaction, &merged).await?;
    queries::remove_changes(&mut transaction, &work.over).await?;
    fault::point("search.step")?;
    transaction.commit().await?;
    Ok(Step::Done(work.indexed.len()))
}

/// Ranges of keys apart from single products.
async fn sort(connection: &mut PgConnection, search: &Search, changes: Vec<Change>) -> sqlx::Result<Work> {
    let mut work = Work::new(search);
    for change in changes {
        match (&change.product_ids, &change.sku_keys) {
            (Some(ids), _) => {
                work.ids.extend(ids.iter().map(|id| *id as u64));
                work.over.push(change.id);
            }
            (None, Some(keys)) => {
                let ids = queries::ids_of_keys(connection, keys).await?;
                work.ids.extend(ids.iter().map(|id| *id as u64));
                work.over.push(change.id);
            }
            (None, None) => work.ranges.push(change),
        }
    }
    work.changed |= &work.ids;
    Ok(work)
}

/// Indexes ranges in the order of their keys. When the segment is full the rest is left for the next step.
async fn index_ranges(connection: &mut PgConnection, search: &Search, work: &mut Work) -> Result<()> {
    let mut builder = Builder::new(search.index_bytes);
    for change in std::mem::take(&mut work.ranges) {
        // Another import's range may lie before the last one's.
        let begins = change.done_key.as_deref().or(change.first_key.as_deref()).unwrap_or("");
        if builder.last_key().is_some_and(|last| begins <= last) {
            let complete = std::mem::replace(&mut builder, Builder::new(search.index_bytes));
            write(connection, search, complete, work).await?;
        }
        let mut products = match change.import_id {
            Some(_) => queries::imported(connection, &change),
            None => queries::all_after(connection, change.done_key.as_deref()),
        };
        let mut is_full = false;
        while let Some(row) = products.try_next().await? {
            let id = queries::id(&row)? as u64;
            if !work.indexed.insert(id) {
                continue;
            }
            add(&mut builder, row, work).await?;
            is_full = builder.len().is_multiple_of(1024) && builder.size_bytes() > search.index_bytes;
            if is_full {
                break;
            }
        }
        drop(products);
        if is_full {
            let done_key = builder.last_key().unwrap_or_default().to_owned();
            queries::advance_change(connection, change.id, &done_key).await?;
            break;
        }
        work.over.push(change.id);
    }
    write(connection, search, builder, work).await
}

/// Indexes single products, and those of segments that are merged. What a segment has no room for goes into the next one,
/// in the same step: noted as changed again, it would have the next step merge what this one has made, without end.
async fn index_named(
    connection: &mut PgConnection,
    search: &Search,
    work: &mut Work,
    is_disturbed: Option<&AtomicBool>,
) -> Result<()> {
    let ids: Vec<i64> = (&work.ids - &work.indexed).iter().map(|id| id as i64).collect();
    // So many that they fit; an order over all of them would have to be kept somewhere.
    for piece in ids.chunks(MERGED_PRODUCTS as usize) {
        let mut rest = piece.to_vec();
        while !rest.is_empty() {
            rest = index_piece(connection, search, &rest, work, is_disturbed).await?;
        }
    }
    Ok(())
}

/// Makes a segment of products and gives those that it has no room for.
async fn index_piece(
    connection: &mut PgConnection,
    search: &Search,
    ids: &[i64],
    work: &mut Work,
    is_disturbed: Option<&AtomicBool>,
) -> Result<Vec<i64>> {
    let mut builder = Builder::new(search.index_bytes);
    let mut rows = queries::of_ids(connection, ids);
    let mut beyond = Vec::new();
    while let Some(row) = rows.try_next().await? {
        if is_disturbed.is_some_and(|is_disturbed| is_disturbed.load(Ordering::Relaxed)) {
            return Err(Disturbed.into());
        }
        let id = queries::id(&row)?;
        if builder.len() > 0 && builder.size_bytes() > search.index_bytes {
            beyond.push(id);
            continue;
        }
        work.indexed.insert(id as u64);
        add(&mut builder, row, work).await?;
        if is_disturbed.is_some() && builder.len().is_multiple_of(PAUSES_EVERY) {
            tokio::time::sleep(PAUSE).await;
        }
    }
    drop(rows);
    write(connection, search, builder, work).await?;
    Ok(beyond)
}

async fn add(builder: &mut Builder, row: PgRow, work: &mut Work) -> Result<()> {
    builder.add(row).await?;
    work.courtesy.show().await;
    Ok(())
}

/// Writes a segment, unless it is empty.
async fn write(connection: &mut PgConnection, search: &Search, builder: Builder, work: &mut Work) -> Result<()> {
    search.note_size(builder.len(), builder.size_bytes() > search.index_bytes);
    let products = builder.len();
    if products == 0 {
        return Ok(());
    }
    let segment_id = queries::add_segment(connection, products).await?;
    fault::point("search.segment")?;
    let built = builder.finish().await?;
    work.changed.extend(built.changed.iter().map(|id| *id as u64));
    queries::add_chunks(connection, &mut work.courtesy, segment_id, built).await
}

/// Makes segments of which most is dead, or several small ones, into new ones, which takes some seconds: it is given up as
/// soon as pages are busy, or more waits to be indexed than searches look at themselves.
///
/// # Errors
/// Those of the database; nothing has happened then.
pub async fn compact(search: &Search) -> Result<Step> {
    if is_unwelcome(&search.database.pool).await? {
        return Ok(Step::Busy);
    }
    let is_disturbed = AtomicBool::new(false);
    let mut compacting = pin!(compact_unless(search, &is_disturbed));
    let compacted = tokio::select! {
        compacted = &mut compacting => compacted,
        _ = until_unwelcome(&search.database.pool) => {
            is_disturbed.store(true, Ordering::Relaxed);
            // It is not dropped: it may hold a COPY.
            compacting.await
        }
    };
    match compacted {
        Err(error) if error.is::<Disturbed>() => Ok(Step::Busy),
        compacted => compacted,
    }
}

/// Something else is more urgent.
#[derive(Debug)]
struct Disturbed;

impl std::fmt::Display for Disturbed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("something waits to be indexed")
    }
}

impl std::error::Error for Disturbed {}

async fn compact_unless(search: &Search, is_disturbed: &AtomicBool) -> Result<Step> {
    let Some(mut transaction) = queries::begin(&search.database.pool).await? else {
        return Ok(Step::Busy);
    };
    let segments = segments(&mut transaction).await?;
    let merged = worth_compacting(&segments, search.room.load(Ordering::Relaxed));
    if merged.is_empty() {
        return Ok(Step::Idle);
    }
    let mut work = Work::new(search);
    for segment in segments.iter().filter(|segment| merged.contains(&segment.id)) {
        work.ids |= living(&mut transaction, segment).await?;
    }
    index_named(&mut transaction, search, &mut work, Some(is_disturbed)).await?;
    queries::remove_segments(&mut transaction, &merged).await?;
    fault::point("search.compact")?;
    transaction.commit().await?;
    Ok(Step::Done(work.indexed.len()))
}

/// Returns once compacting is unwelcome. The first look comes after a pause: the caller has just looked.
async fn until_unwelcome(pool: &PgPool) -> Result<()> {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        if is_unwelcome(pool).await? {
            return Ok(());
        }
    }
}

/// Whether something is more urgent than compacting. While segments are compacted nothing is indexed, so every search has
/// to scan what people change.
async fn is_unwelcome(pool: &PgPool) -> Result<bool> {
    Ok(is_rush(pool).await || is_behind(pool).await?)
}

/// The ids of a segment's products that count.
async fn living(connection: &mut PgConnection, segment: &SegmentRow) -> Result<RoaringTreemap> {
    let dead = dead(connection, segment.id).await?;
    let mut ids = RoaringTreemap::new();
    for chunk in queries::chunks(connection, segment.id, Column::ById, None).await? {
        let living = columns::pairs(&chunk).filter(|(_, ordinal)| !dead.contains(*ordinal));
        ids.extend(living.map(|(id, _)| id as u64));
    }
    Ok(ids)
}

/// Marks products dead that changed since the segment was built.
async fn bury(connection: &mut PgConnection, segment: &SegmentRow, changed: &RoaringTreemap) -> Result<()> {
    if changed.is_empty() {
        return Ok(());
    }
    let fences = queries::chunks(connection, segment.id, Column::IdFences, None).await?;
    let fences = columns::id_fences(&fences.concat());
    let numbers = columns::chunks_of(&fences, changed.iter().map(|id| id as i64));
    if numbers.is_empty() {
        return Ok(());
    }
    let mut dead = dead(connection, segment.id).await?;
    let before = dead.len();
    for chunk in queries::chunks(connection, segment.id, Column::ById, Some(&numbers)).await? {
        let gone = columns::pairs(&chunk).filter(|(id, _)| changed.contains(*id as u64));
        dead.extend(gone.map(|(_, ordinal)| ordinal));
    }
    if dead.len() > before {
        queries::set_dead(connection, segment.id, &dead).await?;
    }
    Ok(())
}
