//! Which column of a file means what, told by the header line.
//!
//! One table holds the names that shops and inventory programs give to a SKU, a name, a description and a status.
//! Letter case, blanks and punctuation do not count, and nothing depends on the order of the columns.

use super::failure::FileFailure;
use serde::{Deserialize, Serialize};

/// A field of a product that a column can fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// What identifies a product.
    Sku,
    /// What it is called.
    Name,
    /// What is told about it.
    Description,
    /// Whether it is active.
    Status,
}

/// The names of each field without blanks and punctuation, best first: where a file has several, the first counts.
#[rustfmt::skip]
const NAMES: [(Field, &[&str]); 4] = [
    (Field::Sku, &[
        "sku", "skus", "skuid", "skucode", "skuno", "skunumber", "sku#", "productsku", "itemsku", "variantsku",
        "itemnumber", "itemno", "itemnr", "item#", "itemcode", "itemid", "articlenumber", "articleno",
        "articlenr", "article#", "articlecode", "articleid", "productnumber", "productno", "productnr",
        "product#", "productcode", "productid", "partnumber", "partno", "part#", "stockcode", "stocknumber",
        "stockno", "stockkeepingunit", "materialnumber", "materialno", "modelnumber", "catalognumber",
        "cataloguenumber", "artikelnummer", "artikelnr", "artikelcode", "artnr", "artno", "bestellnummer",
        "bestellnr", "produktnummer", "materialnummer", "référence", "reference", "réf", "ref", "codearticle",
        "codeproduit", "referencia", "código", "codigo", "codicearticolo", "codice", "code", "artikel#",
        "artnum",
    ]),
    (Field::Name, &[
        "name", "productname", "itemname", "articlename", "producttitle", "itemtitle", "title", "product",
        "item", "article", "label", "designation", "displayname", "modelname", "produktname", "artikelname",
        "artikelbezeichnung", "produktbezeichnung", "bezeichnung", "titel", "produkt", "artikel", "nom",
        "nomduproduit", "nomproduit", "désignation", "libellé", "libelle", "titre", "produit", "nombre",
        "título", "titulo", "producto", "nome", "nomeprodotto", "prodotto", "naam", "productnaam", "namn",
    ]),
    (Field::Description, &[
        "description", "desc", "productdescription", "itemdescription", "articledescription", "longdescription",
        "fulldescription", "body(html)", "bodyhtml", "body", "details", "descr", "text", "shortdescription",
        "beschreibung", "produktbeschreibung", "artikelbeschreibung", "langtext", "descriptif", "descripción",
        "descripcion", "descrizione", "descrição", "omschrijving", "beskrivning",
    ]),
    (Field::Status, &[
        "status", "active", "isactive", "productstatus", "itemstatus", "enabled", "isenabled", "published",
        "aktiv", "actif", "activo", "attivo", "statut", "estado", "stato", "state",
    ]),
];

/// The columns of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Columns {
    /// All of them as the file names them, in its order.
    pub header: Vec<String>,
    /// Where each field is taken from, as the file names it.
    pub used: Vec<Filled>,
    /// Columns that could have filled a field for which there is a better one.
    pub overruled: Vec<Filled>,
    /// All columns that are not used, the overruled ones among them.
    pub ignored: Vec<String>,
    pub(super) places: Places,
}

/// A field and the column that fills it, or could have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filled {
    pub field: Field,
    /// As the file names it.
    pub header: String,
}

/// The numbers of the columns in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Places {
    pub(super) sku: usize,
    pub(super) name: usize,
    pub(super) description: Option<usize>,
    pub(super) status: Option<usize>,
}

impl Columns {
    /// Reads a header.
    pub(super) fn of(header: Vec<String>) -> Result<Self, FileFailure> {
        let meanings: Vec<_> = header.iter().map(|name| meaning(name)).collect();
        let best = |field| best_column(&meanings, field);
        let (Some(sku), Some(name)) = (best(Field::Sku), best(Field::Name)) else {
            return Err(missing(header, &meanings));
        };
        let places = Places {
            sku,
            name,
            description: best(Field::Description),
            status: best(Field::Status),
        };
        let (mut used, mut overruled, mut ignored) = (Vec::new(), Vec::new(), Vec::new());
        for (number, (title, meaning)) in header.iter().zip(&meanings).enumerate() {
            let header = title.trim().to_owned();
            match *meaning {
                Some((field, _)) if best(field) == Some(number) => used.push(Filled { field, header }),
                Some((field, _)) => {
                    ignored.push(header.clone());
                    overruled.push(Filled { field, header });
                }
                None if header.is_empty() => {}
                None => ignored.push(header),
            }
        }
        Ok(Self {
            header,
            used,
            overruled,
            ignored,
            places,
        })
    }

    /// Whether a header has what every file needs.
    pub(super) fn are_in(header: &[String]) -> bool {
        let has = |wanted| {
            header
                .iter()
                .any(|name| meaning(name).is_some_and(|(field, _)| field == wanted))
        };
        has(Field::Sku) && has(Field::Name)
    }

    /// How many values a row has.
    pub(super) fn count(&self) -> usize {
        self.header.len()
    }
}

/// What a column's name means, and its rank among the names that mean the same.
type Meaning = Option<(Field, usize)>;

fn meaning(title: &str) -> Meaning {
    let title = normalise(title);
    NAMES
        .iter()
        .find_map(|&(field, names)| Some((field, names.iter().position(|&name| name == title)?)))
}

/// Letters in lower case without blanks, `_`, `-`, `.` and other marks that nobody means anything by.
fn normalise(title: &str) -> String {
    let is_noise = |character: char| {
        character.is_whitespace() || matches!(character, '_' | '-' | '.' | ':' | '*' | '/' | '\'' | '"' | '\u{FEFF}')
    };
    title
        .chars()
        .filter(|&character| !is_noise(character))
        .flat_map(char::to_lowercase)
        .collect()
}

fn best_column(meanings: &[Meaning], wanted: Field) -> Option<usize> {
    let ranked = meanings.iter().enumerate().filter_map(|(number, meaning)| {
        let (field, rank) = (*meaning)?;
        (field == wanted).then_some((rank, number))
    });
    ranked.min().map(|(_, number)| number)
}

fn missing(found: Vec<String>, meanings: &[Meaning]) -> FileFailure {
    let has = |wanted| best_column(meanings, wanted).is_some();
    if meanings.iter().all(Option::is_none) {
        FileFailure::NoHeader { found }
    } else if has(Field::Sku) {
        FileFailure::NoNameColumn { found }
    } else {
        FileFailure::NoSkuColumn { found }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(header: &str) -> Result<Columns, FileFailure> {
        Columns::of(header.split(',').map(str::to_owned).collect())
    }

    #[test]
    fn names_are_unique_and_normal() {
        let mut all: Vec<_> = NAMES.iter().flat_map(|(_, names)| *names).collect();
        assert!(all.iter().all(|name| normalise(name) == **name));
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }

    #[test]
    fn order_case_blanks_and_synonyms_do_not_matter() {
        for header in [
            "sku,name",
            " SKU , Name ",
            "Name,Sku",
            "Item Number,Title",
            "article no,product name",
            "Article-No.,Product_Name",
            "ARTIKEL-NR.,Bezeichnung",
            "Référence,Désignation",
            "ItemCode,ProductTitle",
            "\u{feff}sku,name",
            "Variant SKU,Title",
        ] {
            columns(header).unwrap_or_else(|failure| panic!("{header}: {failure}"));
        }
    }

    #[test]
    fn the_exact_name_wins_and_the_others_are_told() {
        let columns = columns("code,Price,title,SKU,Name,sku,,Beschreibung,Active").expect("all there");
        let expected = Places {
            sku: 3,
            name: 4,
            description: Some(7),
            status: Some(8),
        };
        assert_eq!(columns.places, expected);
        assert_eq!(columns.ignored, ["code", "Price", "title", "sku"]);
        assert_eq!(columns.overruled.len(), 3);
        assert_eq!(
            (columns.used[0].field, columns.used[0].header.as_str()),
            (Field::Sku, "SKU")
        );
        assert_eq!(columns.count(), 9);
    }

    #[test]
    fn what_is_missing_is_named() {
        let found = |header: &str| header.split(',').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(columns("a,b"), Err(FileFailure::NoHeader { found: found("a,b") }));
        assert_eq!(
            columns("a,name"),
            Err(FileFailure::NoSkuColumn { found: found("a,name") })
        );
        assert_eq!(
            columns("sku,b"),
            Err(FileFailure::NoNameColumn { found: found("sku,b") })
        );
        assert_eq!(
            columns("price,status"),
            Err(FileFailure::NoSkuColumn {
                found: found("price,status")
            })
        );
    }
}
