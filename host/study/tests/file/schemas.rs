//! The schemas that editors complete study files with.

use onchip_study::file::{json_schema, ti_json_schema};

use crate::golden;

#[test]
fn schemas_are_those_of_the_types() {
    for (file, schema) in [
        ("schemas/study.schema.json", json_schema()),
        ("schemas/ti.schema.json", ti_json_schema()),
    ] {
        golden::check(file, &format!("{schema:#}\n"));
    }
}
