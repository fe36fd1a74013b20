//! How to call the services that the demo has started.

use std::{io, path::Path};

use super::After;
use crate::{connection::Addresses, output::say};

/// Where `up` puts the predictor if no flag says otherwise.
const UP_PREDICTOR: &str = "127.0.0.1:8001";

/// Prints commands that work as they stand.
pub(super) fn print(addresses: &Addresses, folder: &Path, after: After) -> io::Result<()> {
    let shown = folder.display();
    let predictor = match after {
        After::Serving => {
            let Addresses { registry, trainer, predictor } = addresses;
            say(format_args!(
                "  from the shell:
    export MILLWRIGHT_REGISTRY={registry}
    export MILLWRIGHT_TRAINER={trainer}
    export MILLWRIGHT_PREDICTOR={predictor}"
            ))?;
            predictor
        }
        After::Gone => {
            say(format_args!(
                "  the services stop now; start them again in another shell:
    millwright up --data-dir {shown}

  from the shell:"
            ))?;
            UP_PREDICTOR
        }
    };
    calls(predictor, folder)
}

fn calls(predictor: &str, folder: &Path) -> io::Result<()> {
    let notes = folder.join("notes-synthetic.csv");
    let notes = notes.display();
    say(format_args!(
        r#"    millwright predict demo.notes {notes}
    echo '{{"note": "hyd pump leaking"}}' | millwright predict demo.notes - --output json
    millwright model show demo.notes@production

  with grpcurl, or stubs from proto/ in any language:
    grpcurl -plaintext -d '{{"model_ref": "demo.notes", "columns":
      [{{"name": "note", "texts": {{"values": ["hyd pump leaking"]}}}}]}}' \
      {predictor} millwright.predictor.v1.PredictorService/Predict

  from Python, with any Open Inference Protocol client (pip install 'tritonclient[grpc]' numpy):
    import numpy, tritonclient.grpc as oip
    note = oip.InferInput("text", [1], "BYTES")
    note.set_data_from_numpy(numpy.array([b"hyd pump leaking"], dtype=object))
    answer = oip.InferenceServerClient("{predictor}").infer("demo.notes", [note])
    print(answer.as_numpy("label"))"#
    ))
}
