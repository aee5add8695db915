(* Perceptrons in safetensors: layers `<layer>.weight` [out, in] and `<layer>.bias` [out], in the order of the one number by which their names differ. *)

open Strict_json

type tensor = { shape : int list; numbers : Q.t array }

let malformed = Network.malformed

(* ---- Tensors ---- *)

(* A number of 16 bits, as that of 32 bits with the same value. *)
let half bits =
  let sign = if bits land 0x8000 = 0 then 1.0 else -1.0 and exponent = (bits lsr 10) land 31 and fraction = float_of_int (bits land 1023) in
  match exponent with
  | 0 -> sign *. ldexp fraction (-24)
  | 31 -> Float.nan
  | _ -> sign *. ldexp (1024.0 +. fraction) (exponent - 25)

let stored = function
  | "F64" -> Some (8, fun data at -> Int64.float_of_bits (String.get_int64_le data at))
  | "F32" -> Some (4, fun data at -> Int32.float_of_bits (String.get_int32_le data at))
  | "BF16" -> Some (2, fun data at -> Int32.float_of_bits (Int32.shift_left (Int32.of_int (String.get_uint16_le data at)) 16))
  | "F16" -> Some (2, fun data at -> half (String.get_uint16_le data at))
  | _ -> None

(* The name of a tensor, what reads it, and where it lies. *)
let entry start data (name, value) =
  let field = record value [ "dtype"; "shape"; "data_offsets" ] [] in
  let field name = Option.get (field name) in
  let size, decode = match stored (text (field "dtype")) with Some found -> found | None -> fail (field "dtype") "cannot be read" in
  let shape = many natural (field "shape") in
  let first, last = match many natural (field "data_offsets") with [ first; last ] -> (first, last) | _ -> fail value "two offsets are needed" in
  let bytes = Z.mul (Z.of_int size) (List.fold_left Z.mul Z.one shape) in
  need (Z.equal (Z.sub last first) bytes) value "another length than that of its shape";
  need (Z.leq last (Z.of_int (String.length data - start))) value "the file ends before it";
  let count = Z.to_int bytes / size and first = Z.to_int first in
  let number k =
    let number = decode data (start + first + (k * size)) in
    if not (Float.is_finite number) then malformed "%s[%d]: not a finite number" name k;
    Q.of_float number
  in
  ((first, Z.to_int last), (name, { shape = List.map Z.to_int shape; numbers = Array.init count number }))

let tensors data =
  if String.length data < 8 then malformed "no header of safetensors";
  let length = String.get_int64_le data 0 in
  if length < 0L || length > Int64.of_int (String.length data - 8) then malformed "no header of safetensors";
  let length = Int64.to_int length in
  let start = 8 + length in
  let head = fields (parse (String.sub data 8 length)) in
  Option.iter (fun inner -> ignore (fields inner)) (List.assoc_opt "__metadata__" head);
  let entries = List.map (entry start data) (List.remove_assoc "__metadata__" head) in
  let follow at ((first, last), (name, _)) = if first <> at then malformed "%s: overlaps, or bytes before it belong to none" name else last in
  let by_place (one, _) (other, _) = compare one other in
  let reached = List.fold_left follow 0 (List.sort by_place entries) in
  if reached <> String.length data - start then malformed "bytes belong to no tensor";
  List.map snd entries

(* ---- Layers ---- *)

(* The numbers in a name, and the name with 0 for each. *)
let numbers_of name =
  let add (numbers, stem, run) c =
    if is_digit c then (numbers, (if run = "" then stem ^ "0" else stem), run ^ String.make 1 c)
    else ((if run = "" then numbers else Z.of_string run :: numbers), stem ^ String.make 1 c, "")
  in
  let numbers, stem, run = Seq.fold_left add ([], "", "") (String.to_seq name) in
  (List.rev (if run = "" then numbers else Z.of_string run :: numbers), stem)

let has_end ending name = Filename.check_suffix name ending

let rec columns = function [] | [] :: _ -> [] | rows -> List.map List.hd rows :: columns (List.map List.tl rows)

(* The names of layers in order, each with the dot that ends it. *)
let layers names =
  let weights = List.filter (has_end ".weight") names in
  let known = List.map (fun name -> (numbers_of name, Filename.chop_suffix name "weight")) weights in
  let stems = List.sort_uniq compare (List.map (fun ((_, stem), _) -> stem) known) in
  if List.length stems <> 1 then malformed "layers are not numbered";
  let numbers = List.map (fun ((numbers, _), _) -> numbers) known in
  if List.length (List.sort_uniq (List.compare Z.compare) numbers) <> List.length numbers then malformed "two layers have one number";
  let differ = List.filter (fun column -> List.length (List.sort_uniq Z.compare column) > 1) (columns numbers) in
  if List.length differ > 1 then malformed "names of layers differ by two numbers";
  List.map snd (List.sort (fun ((one, _), _) ((other, _), _) -> List.compare Z.compare one other) known)

let read data degree =
  let tensors = tensors data in
  let layers = layers (List.map fst tensors) in
  let known = List.concat_map (fun layer -> [ layer ^ "weight"; layer ^ "bias" ]) layers in
  List.iter (fun (name, _) -> if not (List.mem name known) then malformed "%s: neither weight nor bias of a layer" name) tensors;
  let last = List.length layers in
  let layer (sources, k, units, weights, biases) name =
    let { shape; numbers } = List.assoc (name ^ "weight") tensors in
    let rows, width = match shape with [ rows; width ] when rows > 0 && width > 0 -> (rows, width) | _ -> malformed "%sweight: not [out, in]" name in
    let sources = if k = 1 then Array.init width (Printf.sprintf "x%d") else sources in
    if width <> Array.length sources then malformed "%sweight: does not fit the layer before" name;
    let zeros = { shape = [ rows ]; numbers = Array.make rows Q.zero } in
    let bias = Option.value (List.assoc_opt (name ^ "bias") tensors) ~default:zeros in
    if bias.shape <> [ rows ] then malformed "%sbias: does not fit the weights" name;
    let targets = Array.init rows (Printf.sprintf "h%d.%d" k) in
    let kind = if k < last then Network.Hidden degree else Network.Output in
    let edge at weight = (Printf.sprintf "%sweight[%d]" name at, sources.(at mod width), targets.(at / width), weight) in
    let bias_edge at weight = (Printf.sprintf "%sbias[%d]" name at, "one", targets.(at), weight) in
    let here = Array.to_list (Array.map (fun unit -> (unit, kind)) targets) in
    let inputs = if k = 1 then Array.to_list (Array.map (fun unit -> (unit, Network.Input)) sources) @ [ ("one", Network.Input) ] else [] in
    let edges = Array.to_list (Array.mapi edge numbers) and bias_edges = Array.to_list (Array.mapi bias_edge bias.numbers) in
    (targets, k + 1, units @ inputs @ here, weights @ edges, biases @ bias_edges)
  in
  let _, _, units, weights, biases = List.fold_left layer ([||], 1, [], [], []) layers in
  let edges = if List.exists (fun (name, _) -> has_end "bias" name) tensors then weights @ biases else weights in
  Network.build { units; ties = []; edges }
