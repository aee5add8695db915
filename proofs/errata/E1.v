(* Any sequence of scalings each of which lowers R converges to the same optimum.

   Corrected: If the minimum is attained: in any fair order, if each step gains at least a fixed fraction of what its unit can gain,
   passing λ* or not. A step that goes at least a fixed fraction of the way from 1 to λ*, on the log scale, without passing it does.

   Here: it fails as printed for one unit with A = 16, B = 1, p = 2. The correction is not proved here. *)

From Coq Require Import Reals Lra Lia.
Open Scope R_scope.

(* R as a function of the accumulated scaling. *)
Definition total (l : R) : R := 16 * (l * l) + / (l * l).

Definition scaling (t : nat) : R := 3 / 4 + (1 / 2) ^ t / 4.

Lemma scaling_above : forall t, 3 / 4 < scaling t.
Proof. intros t. unfold scaling. assert (0 < (1 / 2) ^ t) by (apply pow_lt; lra). lra. Qed.

Lemma total_increases : forall x y, 3 / 4 <= x -> x < y -> total x < total y.
Proof.
  intros x y Hx Hxy. unfold total.
  assert (Hx2 : 9 / 16 <= x * x) by nra. assert (Hy2 : 9 / 16 <= y * y) by nra.
  assert (Hxy2 : x * x < y * y) by nra.
  assert (Hgap : / (x * x) - / (y * y) = (y * y - x * x) / (x * x * (y * y))) by (field; lra).
  assert (Hsmall : (y * y - x * x) / (x * x * (y * y)) <= (y * y - x * x) * 4).
  { apply Rmult_le_compat_l; [lra|]. replace 4 with (/ (/ 4)) by field. apply Rinv_le_contravar; [lra|]. nra. }
  lra.
Qed.

Theorem E1 :
  (* The optimum. *)
  (forall l, 0 < l -> total (1 / 2) <= total l) /\ total (1 / 2) = 8 /\
  (* Every step lowers R; it begins at 1, and tends to 97/9, the value at 3/4. *)
  scaling 0 = 1 /\ (forall t, 0 < scaling t) /\ (forall t, total (scaling (S t)) < total (scaling t)) /\
  Un_cv scaling (3 / 4) /\ Un_cv (fun t => total (scaling t)) (97 / 9) /\ 8 < 97 / 9.
Proof.
  assert (Hhalf : total (1 / 2) = 8) by (unfold total; field).
  assert (Hlimit : Un_cv scaling (3 / 4)).
  { assert (Hsum : Un_cv scaling (3 / 4 + 0 * / 4)); [|rewrite Rmult_0_l, Rplus_0_r in Hsum; exact Hsum].
    apply (CV_plus (fun _ => 3 / 4) (fun t => (1 / 2) ^ t / 4)).
    - intros e He. exists 0%nat. intros n _. unfold R_dist. rewrite Rminus_eq_0, Rabs_R0. exact He.
    - apply (CV_mult (fun t => (1 / 2) ^ t) (fun _ => / 4)).
      + intros e He. destruct (pow_lt_1_zero (1 / 2)) with (y := e) as (N & HN); [rewrite Rabs_right; lra|exact He|].
        exists N. intros n Hn. unfold R_dist. rewrite Rminus_0_r. apply HN. exact Hn.
      + intros e He. exists 0%nat. intros n _. unfold R_dist. rewrite Rminus_eq_0, Rabs_R0. exact He. }
  repeat split.
  - intros l Hl. rewrite Hhalf. unfold total. assert (Hl2 : 0 < l * l) by nra.
    replace (16 * (l * l) + / (l * l)) with (8 + (4 * (l * l) - 1) * (4 * (l * l) - 1) / (l * l)) by (field; lra).
    assert (0 <= (4 * (l * l) - 1) * (4 * (l * l) - 1) / (l * l)); [|lra].
    apply Rmult_le_pos; [|left; apply Rinv_0_lt_compat; exact Hl2].
    assert (H := Rle_0_sqr (4 * (l * l) - 1)). unfold Rsqr in H. exact H.
  - exact Hhalf.
  - unfold scaling. simpl. field.
  - intros t. assert (H := scaling_above t). lra.
  - intros t. apply total_increases.
    + left. apply scaling_above.
    + unfold scaling. assert (0 < (1 / 2) ^ t) by (apply pow_lt; lra). simpl. lra.
  - exact Hlimit.
  - replace (97 / 9) with (total (3 / 4)) by (unfold total; field).
    apply (continuity_seq total scaling (3 / 4)); [|exact Hlimit].
    unfold total. apply (continuity_pt_plus (fun l => 16 * (l * l)) (fun l => / (l * l))).
    + apply (continuity_pt_scal (fun l => l * l)). apply (continuity_pt_mult id id); apply derivable_continuous_pt; apply derivable_pt_id.
    + apply (continuity_pt_inv (fun l => l * l)); [|lra].
      apply (continuity_pt_mult id id); apply derivable_continuous_pt; apply derivable_pt_id.
  - lra.
Qed.
